#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep_file.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Overrides, a_key_may_be_given_bare_or_below_trial) {
  const SweepFile file("trial: {optimizer: {learning_rate: 0.1}}");
  for (const char* text : {"optimizer.learning_rate=0.05", "trial.optimizer.learning_rate=5e-2"}) {
    EXPECT_EQ(file.load({text}).trials.at(0).config.optimizer.learning_rate, 0.05);
  }
}

TEST(Overrides, a_comma_list_adds_an_axis) {
  const SweepFile file("trial: {head: {name: cosine}}\nsweep: {seeds: 2}");
  const Sweep sweep = file.load({"head.scale=10,20,40"});
  EXPECT_EQ(sweep.trials.size(), 6);
  EXPECT_EQ(sweep.trials.back().config.head.options.number("scale"), 40);
  EXPECT_THAT(sweep.notes, IsEmpty());
}

// Trials that differ in it alone are the same trial.
TEST(Overrides, where_data_lie_is_no_axis_and_a_comma_belongs_to_a_path_in_quotes) {
  const SweepFile file("trial: {dataset: {root: /data}}");
  EXPECT_THAT(file.errors({"dataset.root=/a,/b"}),
              ElementsAre(AllOf(HasSubstr("dataset.root is no axis"),
                                HasSubstr("in quotes: dataset.root='\"/a,/b\"'"))));
  EXPECT_EQ(file.load({"dataset.root=\"/a,b\""}).trials.at(0).config.dataset.root, "/a,b");
  EXPECT_EQ(file.load({"trial.dataset.root=/a b"}).trials.at(0).config.dataset.root, "/a b");
}

TEST(Overrides, an_added_axis_multiplies_listed_cells_too) {
  const SweepFile file("sweep: {list: [{head.name: dot}, {head.name: cosine}]}");
  EXPECT_EQ(file.load({"training.epochs=1,2,3"}).trials.size(), 6);
}

TEST(Overrides, commas_inside_brackets_belong_to_the_value) {
  const SweepFile file("trial: {}");
  const Sweep step = file.load({"schedule={name: step, milestones: [3, 6]}"});
  ASSERT_EQ(step.trials.size(), 1);
  EXPECT_THAT(step.trials[0].config.schedule.options.numbers("milestones"), ElementsAre(3, 6));
  EXPECT_EQ(file.load({"schedule.name=step", "schedule.milestones=[3],[4,5]"}).trials.size(), 2);
}

// It ended the program, and said nothing.
TEST(Overrides, a_quote_that_is_not_closed_is_refused_where_sections_are_named) {
  const SweepFile file("trial: {}");
  for (const char* text : {"schedule='", "class_vectors=[simplex", "head={name: dot"}) {
    EXPECT_THAT(file.errors({text}), ElementsAre(HasSubstr(text))) << text;
  }
}

TEST(Overrides, a_tilde_removes) {
  const SweepFile file(R"(
trial: {augmentation: [{name: flip}], optimizer: {weight_decay: 1e-3}}
sweep: {grid: {optimizer.weight_decay: [0.1, 0.2], head.name: [dot, cosine]}}
slurm: {partition: gpu}
)");
  EXPECT_EQ(file.load({"~augmentation"}).trials.at(0).config.augmentation.size(), 0);
  const Sweep sweep = file.load({"~optimizer.weight_decay", "~slurm"});
  EXPECT_EQ(sweep.trials.size(), 2);
  EXPECT_EQ(sweep.trials[0].config.optimizer.weight_decay, 0);
  EXPECT_EQ(sweep.slurm.partition, "");
  EXPECT_EQ(file.load({"~sweep"}).trials.size(), 1);
}

TEST(Overrides, an_axis_of_the_same_key_is_replaced_with_a_note) {
  const SweepFile file("sweep: {grid: {head.name: [dot, cosine], training.epochs: [1, 2]}}");
  const Sweep single = file.load({"head.name=cosine"});
  EXPECT_EQ(single.trials.size(), 2);
  EXPECT_EQ(single.trials[0].config.head.name, "cosine");
  EXPECT_THAT(single.notes,
              ElementsAre("command line: 'head.name=cosine' replaces the axis "
                          "'head.name' of the sweep file"));
  EXPECT_EQ(file.load({"training.epochs=3,4,5"}).trials.size(), 6);
}

TEST(Overrides, the_command_line_also_wins_inside_zips_sections_and_lists) {
  const SweepFile file(R"(
sweep:
  zip: [{training.epochs: [1, 2], optimizer.learning_rate: [0.1, 0.2]}]
  grid: {head: [{name: cosine, scale: 5}, {name: dot}]}
  list: [{training.epochs: 7, head.name: cosine}]
)");
  const Sweep sweep = file.load({"training.epochs=4"});
  ASSERT_EQ(sweep.trials.size(), 5);
  for (const Trial& trial : sweep.trials) EXPECT_EQ(trial.config.training.epochs, 4);
  EXPECT_THAT(sweep.notes,
              Contains(HasSubstr("replaces 'training.epochs' in entries of sweep.list")));
}

TEST(Overrides, a_new_name_drops_the_options_of_the_old_one) {
  const SweepFile file("trial: {head: {name: cosine, scale: 20}}");
  const Sweep sweep = file.load({"head.name=dot"});
  EXPECT_EQ(sweep.trials.at(0).config.head.name, "dot");
  EXPECT_THAT(sweep.notes, ElementsAre(HasSubstr("dropped head.scale of the base configuration")));
}

TEST(Overrides, a_new_name_drops_the_options_of_other_components_from_axes) {
  const SweepFile file(R"(
sweep:
  grid:
    head: [{name: dot}, {name: cosine, scale: 10}, {name: cosine, scale: 40}]
)");
  const Sweep dot = file.load({"head.name=dot"});
  ASSERT_EQ(dot.trials.size(), 1);
  EXPECT_EQ(dot.trials[0].config.head.name, "dot");
  const Sweep cosine = file.load({"head.name=cosine"});  // the default scale, 10 and 40
  EXPECT_EQ(cosine.trials.size(), 3);
  const Sweep both = file.load({"head.name=dot,cosine"});  // not every head has a scale
  EXPECT_EQ(both.trials.size(), 2);
}

TEST(Overrides, everything_beside_the_trial_can_be_set) {
  const SweepFile file("trial: {}\nsweep: {seeds: 9}\nslurm: {extra: [--x]}");
  const Sweep sweep = file.load({"name=other",
                                 "description=a, b: c",
                                 "resources.ranks=2",
                                 "sweep.seeds=4,5",
                                 "resources.time_limit=1h30m",
                                 "resources.checkpoint_steps=250",
                                 "resources.checkpoint_seconds=0.5",
                                 "slurm.time=01:30:00",
                                 "slurm.extra=--a,--b"});
  EXPECT_EQ(sweep.name, "other");
  EXPECT_EQ(sweep.description, "a, b: c");
  EXPECT_EQ(sweep.resources.ranks, 2);
  EXPECT_EQ(sweep.resources.time_limit_seconds, 5400);
  EXPECT_EQ(sweep.resources.checkpoints.steps, 250);
  EXPECT_EQ(sweep.resources.checkpoints.seconds, 0.5);
  EXPECT_EQ(sweep.slurm.time, "01:30:00");
  EXPECT_THAT(sweep.slurm.extra, ElementsAre("--a", "--b"));
  ASSERT_EQ(sweep.trials.size(), 2);
  EXPECT_EQ(sweep.trials[1].config.seed, 5);
  EXPECT_EQ(file.load({"sweep.seeds=3"}).trials.size(), 3);
}

TEST(Overrides, the_last_of_several_for_one_key_wins_with_a_note) {
  const SweepFile file("trial: {training: {epochs: 9}}");
  const auto epochs = [&](const std::vector<std::string>& overrides) {
    std::vector<std::int64_t> found;
    for (const Trial& trial : file.load(overrides).trials) {
      found.push_back(trial.config.training.epochs);
    }
    return found;
  };
  EXPECT_THAT(epochs({"training.epochs=1,2", "training.epochs=3"}), ElementsAre(3));
  EXPECT_THAT(epochs({"training.epochs=3", "training.epochs=1,2"}), ElementsAre(1, 2));
  EXPECT_THAT(epochs({"training.epochs=1,2", "trial.training.epochs=3,4,5"}), ElementsAre(3, 4, 5));
  EXPECT_THAT(epochs({"training.epochs=1", "training.epochs=2"}), ElementsAre(2));
  EXPECT_THAT(epochs({"training.epochs=5", "~training.epochs"}), ElementsAre(10));
  EXPECT_THAT(epochs({"training.epochs=5,6", "~training"}), ElementsAre(10));
  EXPECT_THAT(epochs({"training={epochs: 5}", "training.epochs=6"}), ElementsAre(6));
  EXPECT_THAT(epochs({"training.epochs=6", "training={epochs: 5}"}), ElementsAre(5));
  EXPECT_THAT(epochs({"training={epochs: 5},{epochs: 6}", "training.epochs=7"}), ElementsAre(7));
  EXPECT_THAT(file.load({"training.epochs=1,2", "training.epochs=3"}).notes,
              ElementsAre("command line: 'training.epochs=3' comes after 'training.epochs=1,2' and "
                          "wins"));
}

TEST(Overrides, a_key_and_its_old_name_are_one) {
  const SweepFile file("trial: {}");
  const auto smoothing = [&](const std::vector<std::string>& overrides) {
    return file.load(overrides).trials.at(0).config.loss.options.number("label_smoothing");
  };
  EXPECT_EQ(smoothing({"training.label_smoothing=0.1", "loss.label_smoothing=0.2"}), 0.2);
  EXPECT_EQ(smoothing({"loss.label_smoothing=0.2", "training.label_smoothing=0.1"}), 0.1);
  EXPECT_EQ(smoothing({"loss.label_smoothing=0.2", "training={label_smoothing: 0.1}"}), 0.1);
  EXPECT_EQ(smoothing({"loss.label_smoothing=0.2", "~training.label_smoothing"}), 0);
}

TEST(Overrides, the_last_wins_beside_the_trial_too) {
  const SweepFile file("trial: {}\nsweep: {seeds: 2}\nresources: {groups: 3}");
  EXPECT_EQ(file.load({"sweep.seeds=3", "sweep.seeds=4"}).trials.size(), 4);
  EXPECT_EQ(file.load({"sweep.seeds=3", "~sweep.seeds"}).trials.size(), 1);
  EXPECT_EQ(file.load({"~sweep.seeds", "sweep.seeds=3"}).trials.size(), 3);
  const Sweep sweep = file.load({"resources.groups=4", "resources={ranks: 2}"});
  EXPECT_EQ(sweep.resources.groups, std::nullopt);
  EXPECT_THAT(sweep.notes, Contains(HasSubstr("comes after 'resources.groups=4' and wins")));
}

TEST(Overrides, an_axis_given_after_its_key_is_refused_and_one_before_it_is_replaced) {
  const SweepFile file("trial: {}");
  const std::string grid = "sweep.grid={head.name: [dot, cosine]}";
  EXPECT_THAT(file.errors({"head.name=dot", grid}),
              ElementsAre("command line: 'head.name=dot': 'head.name' is set here and by '" + grid +
                          "' after it; give one of them"));
  EXPECT_EQ(file.load({grid, "head.name=dot"}).trials.size(), 1);
}

TEST(Overrides, a_removal_of_what_nothing_sets_is_refused) {
  const SweepFile file("trial: {training: {epochs: 3}}\nresources: {groups: 3}");
  for (const std::string key : {"head.scale", "training.shards", "augmentation"}) {
    EXPECT_THAT(file.errors({"~" + key}),
                ElementsAre("command line: '~" + key + "': has no effect: nothing sets '" + key +
                            "', so there is nothing to remove"));
  }
  for (const std::string key : {"sweep.random", "resources.ranks", "description", "slurm"}) {
    EXPECT_THAT(file.errors({"~" + key}), ElementsAre(HasSubstr("has no effect"))) << key;
  }
  EXPECT_EQ(file.load({"~resources.groups"}).resources.groups, std::nullopt);
  EXPECT_EQ(
      file.load({"~training.epochs", "training.epochs=5"}).trials.at(0).config.training.epochs, 5);
}

TEST(Overrides, a_key_without_a_value_is_refused_with_what_removes_it) {
  const SweepFile file("trial: {}");
  for (const std::string key : {"resources.time_limit", "class_vectors.seed", "training.epochs"}) {
    EXPECT_THAT(file.errors({key + "="}), ElementsAre(HasSubstr("~" + key + " removes the key")));
  }
  EXPECT_EQ(file.load({"description="}).description, "");
}

TEST(Overrides, a_name_of_a_component_for_its_section_brings_the_key_that_takes_it) {
  const SweepFile file("trial: {}");
  EXPECT_THAT(file.errors({"head=cosine"}), ElementsAre(HasSubstr("write head.name=cosine, or")));
  EXPECT_THAT(file.errors({"head=dot,cosine"}), ElementsAre(HasSubstr("head.name=dot,cosine")));
  EXPECT_THAT(file.errors({"class_vectors=simplex"}),
              ElementsAre(HasSubstr("class_vectors.distribution=simplex")));
}

TEST(Overrides, the_last_part_of_a_key_brings_the_whole) {
  const SweepFile file("trial: {}");
  const std::pair<const char*, const char*> whole[] = {
      {"epochs=3", "'training.epochs'"},
      {"samples_per_class=20", "'dataset.samples_per_class'"},
      {"seeds=3", "'sweep.seeds'"},
      {"device=cpu", "'resources.device'"},
      {"optimizer.lr=0.1", "'optimizer.learning_rate'"}};
  for (const auto& [given, expected] : whole) {
    EXPECT_THAT(file.errors({given}), ElementsAre(HasSubstr(expected))) << given;
  }
  EXPECT_THAT(file.errors({"resources.partition=x"}),
              ElementsAre(AllOf(Not(HasSubstr("slurm.")),
                                HasSubstr("known: resources.checkpoint_epochs"))));
}

TEST(Overrides, a_section_for_slurm_is_said_to_have_no_effect) {
  const SweepFile file("trial: {}");
  EXPECT_THAT(file.load({"slurm.nodes=4"}).notes, ElementsAre(HasSubstr("has no effect yet")));
  EXPECT_THAT(SweepFile("slurm: {partition: x}").load().notes,
              ElementsAre(HasSubstr("has no effect yet")));
  EXPECT_THAT(file.load().notes, testing::IsEmpty());
}

TEST(Overrides, a_list_of_values_may_begin_with_nothing) {
  const SweepFile file("trial: {}");
  EXPECT_EQ(file.load({"dataset.samples_per_class=~,100"}).trials.size(), 2);
}

TEST(Overrides, a_seed_beside_sweep_seeds_is_refused_with_what_to_write) {
  const SweepFile file("sweep: {seeds: 3}");
  EXPECT_THAT(file.errors({"seed=5"}),
              ElementsAre("command line: 'seed=5': 'seed' has no effect beside sweep.seeds, at "
                          "sweep.yaml:1:16; write 'sweep.seeds=[5]' instead"));
  EXPECT_THAT(file.errors({"seed=5,6"}),
              ElementsAre(HasSubstr("beside sweep.seeds, at sweep.yaml:1:16; write "
                                    "'sweep.seeds=[5, 6]' instead")));
  EXPECT_THAT(file.errors({"sweep.seeds=1", "seed=7"}),
              ElementsAre("command line: 'seed=7': 'seed' has no effect beside sweep.seeds, at "
                          "command line: 'sweep.seeds=1'; write 'sweep.seeds=[7]' instead"));
  EXPECT_EQ(file.load({"sweep.seeds=[5]"}).trials.at(0).config.seed, 5);
  const SweepFile single("trial: {seed: 4}");
  const Sweep replaced = single.load({"sweep.seeds=[5]"});
  EXPECT_EQ(replaced.trials.at(0).config.seed, 5);
  EXPECT_THAT(replaced.notes,
              ElementsAre("command line: 'sweep.seeds=[5]' replaces 'seed' of the sweep file"));
  EXPECT_EQ(file.load({"~sweep.seeds", "seed=5"}).trials.at(0).config.seed, 5);
}

TEST(Overrides, an_option_that_no_trial_has_is_refused) {
  const SweepFile file("trial: {head: {name: cosine}}\nsweep: {grid: {head.name: [dot]}}");
  EXPECT_THAT(file.errors({"head.scale=5"}),
              ElementsAre("command line: 'head.scale=5': 'head.scale' has no effect: no trial's "
                          "head has it; name one that has in head.name as well"));
  EXPECT_EQ(file.load({"head.scale=5", "head.name=cosine"}).trials.size(), 1);
}

TEST(Overrides, draws_of_nothing_are_refused) {
  EXPECT_THAT(SweepFile("trial: {}").errors({"sweep.random.n=5"}),
              ElementsAre(HasSubstr("sweep.random: no key to draw values of besides 'n'")));
}

TEST(Overrides, a_single_trial_is_asked_for_by_the_keys_that_vary) {
  const SweepFile file("sweep: {grid: {head.name: [dot, cosine]}, seeds: [4, 5]}");
  try {
    load_single_trial(file.path());
    FAIL() << "four trials were taken for one";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("expands to 4; give one value to head.name, 'sweep.seeds=[4]'"));
  }
  const Sweep single = load_single_trial(file.path(), {"head.name=dot", "sweep.seeds=[4]"});
  EXPECT_EQ(single.trials.at(0).config.seed, 4);
}

TEST(Overrides, mistakes_name_the_override) {
  const SweepFile file("trial: {}");
  EXPECT_THAT(
      file.errors({"optimizer.learning_rte=1",
                   "training.epochs=many",
                   "seed",
                   "name=a/b",
                   "resources.rank=1",
                   "trial.name=x",
                   "trial={}",
                   "head.scale=[1"}),
      ElementsAre("command line: 'optimizer.learning_rte=1': unknown key "
                  "'optimizer.learning_rte'; did you mean 'optimizer.learning_rate'?",
                  "command line: 'seed': expected KEY=VALUE or ~KEY",
                  HasSubstr("unknown key 'resources.rank'; did you mean 'resources.ranks'?"),
                  HasSubstr("unknown key 'trial.name'"),
                  HasSubstr("unknown key 'trial'"),
                  "command line: 'head.scale=[1': '[1' is not a valid value",
                  HasSubstr("command line: 'name=a/b': name: expected at most 128 letters"),
                  "command line: 'training.epochs=many': training.epochs: expected an "
                  "integer in [0, 1000000000], found 'many'"));
}

}  // namespace
}  // namespace headway
