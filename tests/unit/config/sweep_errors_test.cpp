#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep_file.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(SweepErrors, five_different_mistakes_give_five_messages_with_line_and_column) {
  const SweepFile file(R"(name: broken
trial:
  optimizer: {learnig_rate: 0.1, momentum: 1}
  encoder: {name: resnet81}
  training:
    shards: 3
sweep:
  grid:
    head.scal: [1, 2]
)");
  EXPECT_THAT(
      file.errors(),
      ElementsAre(
          "sweep.yaml:3:15: unknown key 'learnig_rate' in optimizer; did you mean "
          "'learning_rate'?",
          "sweep.yaml:3:44: optimizer.momentum: expected a number in [0, 1), found '1'",
          "sweep.yaml:4:19: encoder.name: unknown encoder 'resnet81'; did you mean 'resnet18'?",
          "sweep.yaml:6:13: training.shards: expected a power of two in [1, 1024], found '3'",
          "sweep.yaml:9:5: unknown key 'head.scal' of a trial; did you mean 'head.scale'?"));
}

TEST(SweepErrors, what_cannot_be_a_seed_is_not_advised_as_one) {
  const SweepFile file("trial: {seed: -1}\nsweep: {seeds: 3}");
  EXPECT_THAT(
      file.errors(),
      ElementsAre("sweep.yaml:1:15: 'seed' has no effect beside sweep.seeds, at sweep.yaml:2:16, "
                  "which takes integers >= 0, as in sweep.seeds: [0, 1]",
                  "sweep.yaml:1:15: seed: expected an integer >= 0, found '-1'"));
}

TEST(SweepErrors, where_data_lie_is_no_axis) {
  for (const char* sweep : {"grid: {dataset.root: [/a, /b]}",
                            "zip: [{dataset.root: [/a, /b], optimizer.weight_decay: [0, 0.1]}]",
                            "grid: {dataset: [{root: /a}, {root: /b}]}",
                            "random: {n: 2, dataset.root: {choice: [/a, /b]}}",
                            "list: [{dataset.root: /a}, {head.name: cosine, dataset.root: /b}]"}) {
    EXPECT_THAT(SweepFile(std::string("sweep: {") + sweep + "}").errors(),
                ElementsAre(HasSubstr("dataset.root is no axis")))
        << sweep;
  }
}

TEST(SweepErrors, data_sets_may_each_have_their_own_place) {
  for (const char* sweep :
       {"grid: {dataset: [{name: cifar10, root: /a}, {name: fashion_mnist, root: /b}]}",
        "zip: [{dataset.name: [cifar10, fashion_mnist], dataset.root: [/a, /b]}]",
        "list: [{dataset.name: cifar10, dataset.root: /a}, {dataset.root: /b}]"}) {
    const Sweep loaded = SweepFile(std::string("sweep: {") + sweep + "}").load();
    ASSERT_EQ(loaded.trials.size(), 2U) << sweep;
    EXPECT_EQ(loaded.trials[0].config.dataset.root, "/a");
    EXPECT_EQ(loaded.trials[1].config.dataset.root, "/b");
  }
}

struct Mistake {
  const char* text;
  const char* message;
};

class OneMistake : public testing::TestWithParam<Mistake> {};

TEST_P(OneMistake, is_the_only_message) {
  EXPECT_THAT(SweepFile(GetParam().text).errors(), ElementsAre(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    values,
    OneMistake,
    testing::Values(
        Mistake{"trial: {optimizer: {learning_rate: 0}}",
                "sweep.yaml:1:36: optimizer.learning_rate: expected a number > 0, found '0'"},
        Mistake{"trial: {optimizer: {learning_rate: fast}}", "expected a number > 0, found 'fast'"},
        Mistake{"trial: {optimizer: {learning_rate: [0.1]}}",
                "expected a number > 0, found a list"},
        Mistake{"trial: {optimizer: {learning_rate: }}", "expected a number > 0, found nothing"},
        Mistake{"trial: {optimizer: {learning_rate: .inf}}", "found '.inf'"},
        Mistake{"trial: {optimizer: {learning_rate: 1e999}}", "found '1e999'"},
        Mistake{"trial: {optimizer: {weight_decay: -1e-4}}",
                "expected a number >= 0, found '-1e-4'"},
        Mistake{"trial: {training: {epochs: -1}}",
                "expected an integer in [0, 1000000000], found '-1'"},
        Mistake{"trial: {training: {epochs: 1.5}}",
                "expected an integer in [0, 1000000000], found '1.5'"},
        Mistake{"trial: {training: {epochs: 99999999999999999999}}",
                "expected an integer in [0, 1000000000]"},
        Mistake{"trial: {training: {drop_last: maybe}}", "expected true or false, found 'maybe'"},
        Mistake{"trial: {training: {precision: fp16}}",
                "expected one of fp32, bf16, auto, found 'fp16'"},
        Mistake{"trial: {training: {precision: bf61}}", "(did you mean 'bf16'?), found 'bf61'"},
        Mistake{"trial: {training: {label_smoothing: 1}}",
                "expected a number in [0, 1), found '1'"},
        Mistake{"trial: {loss: {label_smoothing: 1}}",
                "loss.label_smoothing: expected a number in [0, 1), found '1'"},
        Mistake{"trial: {loss: {name: mse, label_smoothing: 0.1}}",
                "loss 'mse' has no option 'label_smoothing' (cross_entropy has)"},
        Mistake{"trial: {loss: {name: mse}, training: {label_smoothing: 0.1}}",
                "loss 'mse' has no option 'label_smoothing' (cross_entropy has)"},
        Mistake{"trial: {dataset: {validation_fraction: 1}}", "expected a number in [0, 1)"},
        Mistake{"trial: {dataset: {samples_per_class: 0}}",
                "expected an integer in [1, 1000000000], found '0'"},
        Mistake{"trial: {class_vectors: {norm: 0}}",
                "expected a number > 0 or one of native, unit, sqrt_d, kaiming, found '0'"},
        Mistake{"trial: {class_vectors: {distribution: gausian}}",
                "unknown class-vector distribution 'gausian'; did you mean 'gaussian'?"},
        Mistake{"trial: {class_vectors: {name: gaussian}}", "unknown key 'name' in class_vectors"},
        Mistake{"trial: {head: dot}", "head: expected a mapping such as {name: ...}, found 'dot'"},
        Mistake{"trial: {head: {name: dot, scale: 2}}",
                "sweep.yaml:1:27: head.scale: head 'dot' has no option 'scale' ("},
        Mistake{"trial: {head: {name: cosine, scale: 0}}", "head.scale: expected a number > 0"},
        Mistake{"trial: {head: {name: cosine, bias: yes please}}",
                "head.bias: expected one of none, learned, frozen, found 'yes please'"},
        Mistake{"trial: {schedule: {name: step, milestones: 3}}", "expected a list of numbers"},
        Mistake{"trial: {schedule: {name: step, milestones: [1, x]}}", "found 'x'"},
        Mistake{"trial: {augmentation: {name: crop}}", "augmentation: expected a list"},
        Mistake{"trial: {augmentation: [{padding: 4}]}", "augmentation: missing key 'name'"},
        Mistake{"trial: {augmentation: [{name: flip}, {name: flip}]}", "'flip' is given twice"},
        Mistake{"trial: {seed: -3}", "seed: expected an integer >= 0, found '-3'"}));

INSTANTIATE_TEST_SUITE_P(
    structure,
    OneMistake,
    testing::Values(
        Mistake{"", "sweep.yaml: expected a mapping with trial: and sweep:, found nothing"},
        Mistake{"[1, 2]", "expected a mapping with trial: and sweep:, found a list"},
        Mistake{"tral: {}", "sweep.yaml:1:1: unknown key 'tral'; did you mean 'trial'?"},
        Mistake{"head: {name: dot}", "unknown key 'head'; it belongs under trial:"},
        Mistake{"trial: 3", "trial: expected a mapping"},
        Mistake{"name: a/b", "sweep.yaml:1:7: name: expected at most 128 letters, digits"},
        Mistake{"name: ..", "name: expected at most 128 letters"},
        Mistake{"trial: {seed: 1, seed: 2}",
                "1:18: duplicate key 'seed': it already stands on line 1"},
        Mistake{"trial: {}\nresources: {}\ntrial: {}", "3:1: duplicate key 'trial'"},
        Mistake{"trial: {}\n---\ntrial: {}", "a second YAML document"},
        Mistake{"trial:\n\thead: {}",
                "sweep.yaml:2:1: not valid YAML: a tab in the indentation; use spaces"},
        Mistake{"trial: {head: {name: dot}\nsweep: 1", "not valid YAML"},
        Mistake{"trial: {seed: *nowhere}", "not valid YAML"},
        Mistake{"trial: {[1]: 2}", "expected a plain key, found a list"},
        Mistake{"resources: {device: gpu}", "resources.device: expected one of auto, cpu, cuda"},
        Mistake{"resources: {ranks: 3}",
                "resources.ranks: expected auto or a power of two in [1, 1024], found '3'"},
        Mistake{"resources: {time_limit: soon}", "expected a time such as 2h"},
        Mistake{"resources: {time_limit: 1e300}", "45s or seconds, at most 10000d, found '1e300'"},
        Mistake{"resources: {time_limit: 10001d}", "at most 10000d, found '10001d'"},
        Mistake{"resources: {rank: 1}", "unknown key 'rank' in resources; did you mean 'ranks'?"},
        Mistake{"resources: [1]", "resources: expected a mapping"},
        Mistake{"slurm: {time: tomorrow}", "slurm.time: expected a time as Slurm takes it"},
        Mistake{"slurm: {nodes: 0}", "slurm.nodes: expected an integer in [1, 1000000000]"}));

INSTANTIATE_TEST_SUITE_P(
    sweeps,
    OneMistake,
    testing::Values(
        Mistake{"sweep: {gird: {}}", "unknown key 'gird' in sweep; did you mean 'grid'?"},
        Mistake{"sweep: {head.name: [dot]}", "to vary a key of the trial, put it into sweep.grid"},
        Mistake{"sweep: {grid: {head.name: dot}}",
                "1:27: axis 'head.name': expected a list of values, found 'dot'"},
        Mistake{"sweep: {grid: {head.name: []}}", "axis 'head.name' has no values"},
        Mistake{"sweep: {grid: {head.name: [dot, cosin]}}",
                "1:33: head.name: unknown head 'cosin'; did you mean 'cosine'?"},
        Mistake{"sweep: {grid: {head.name: [dot, cosine], head.scale: [10]}}",
                "1:42: head.scale: head 'dot' has no option 'scale' ("},
        Mistake{"sweep: {grid: {head.name: [dot]}, zip: [{head.name: [cosine]}]}",
                "1:42: 'head.name' is set by two axes; the other one is at "},
        Mistake{"sweep: {grid: {head: [{name: cosine, scale: 5}], head.scale: [6]}}",
                "'head.scale' is set by two axes"},
        Mistake{
            "sweep: {zip: [{seed: [1, 2], training.epochs: [1]}]}",
            "1:47: zip needs lists of equal length, but 'training.epochs' has 1 values and 'seed' "
            "has 2"},
        Mistake{
            "sweep: {seeds: 2, grid: {seed: [1]}}",
            "'seed' has no effect beside sweep.seeds, at sweep.yaml:1:16; write sweep.seeds: [1]"},
        Mistake{"sweep: {random: {n: 0, optimizer.momentum: {uniform: [0, 0.5]}}}",
                "sweep.random.n: expected an integer in [1, 100000], found '0'"},
        Mistake{"sweep: {random: {n: 2, seed: -1, optimizer.momentum: {uniform: [0, 0.5]}}}",
                "sweep.random.seed: expected an integer >= 0, found '-1'"},
        Mistake{"epochs: 3", "unknown key 'epochs'; write it as trial.training.epochs"},
        Mistake{"trial: {epochs: 3}",
                "unknown key 'epochs' in trial; write it as trial.training.epochs"},
        Mistake{"trial: {seeds: 3}", "unknown key 'seeds' in trial; write it as sweep.seeds"},
        Mistake{"trial: {device: cpu}", "write it as resources.device"},
        Mistake{"seeds: 3", "unknown key 'seeds'; write it as sweep.seeds"},
        Mistake{"trial: {optimizer: {lr: 0.1}}", "did you mean 'learning_rate'?"},
        Mistake{"resources: {device: gpu}", "did you mean 'cuda'?"},
        Mistake{"trial: {optimizer: {learning_rate: 1e400}}",
                "expected a finite number within a double's range > 0, found '1e400'"},
        Mistake{"trial: {optimizer: {learning_rate: nan}}",
                "expected a finite number within a double's range > 0, found 'nan'"},
        Mistake{"sweep: {seeds: 0}", "sweep.seeds: expected an integer in [1, 100000], found '0'"},
        Mistake{"sweep: {seeds: []}", "sweep.seeds: an empty list"},
        Mistake{"sweep: {seeds: [1, -1]}", "sweep.seeds: expected an integer >= 0, found '-1'"},
        Mistake{"sweep: {on_invalid: ignore}", "expected refuse or skip, found 'ignore'"},
        Mistake{"sweep: {exclude: [{head.name: dot}]}", "the sweep is empty: none of its 1 trials"},
        Mistake{"sweep: {exclude: [{head.name: dott}]}",
                "unknown head 'dott'; did you mean 'dot'?"},
        Mistake{"sweep: {exclude: [{hed.name: dot}]}", "unknown key 'hed.name' of a trial"},
        Mistake{"sweep: {exclude: [{}]}", "an empty entry would exclude everything"},
        Mistake{"sweep: {list: [{head.nam: dot}]}", "unknown key 'head.nam' of a trial"},
        Mistake{"sweep: {grid: {seed: 1, training.epochs: [1]}}", "axis 'seed': expected a list"},
        Mistake{"sweep: {random: {training.epochs: {integer: [1, 2]}}}", "missing key 'n'"},
        Mistake{"sweep: {random: {n: 2, training.epochs: [1, 2]}}",
                "expected a mapping with one of"},
        Mistake{"sweep: {random: {n: 2, training.epochs: {integr: [1, 2]}}}",
                "unknown key 'integr'; did you mean 'integer'?"},
        Mistake{"sweep: {random: {n: 2, optimizer.learning_rate: {log_uniform: [0, 2]}}}",
                "log_uniform expects numbers > 0"},
        Mistake{"sweep: {random: {n: 2, optimizer.learning_rate: {uniform: [2, 1]}}}",
                "low < high"},
        Mistake{"sweep: {random: {n: 2, training.epochs: {integer: [1, 2.5]}}}", "two integers"},
        Mistake{"sweep: {random: {n: 2, training.epochs: {choice: []}}}",
                "choice expects a list"}));

std::string refusal_of(const std::filesystem::path& path) {
  try {
    load_sweep(path);
  } catch (const ConfigError& refused) {
    return refused.what();
  }
  return "";
}

TEST(SweepErrors, too_many_trials_are_refused_before_they_are_made) {
  const SweepFile file(
      "sweep: {seeds: 100000, grid: {training.epochs: [1, 2], optimizer.learning_rate: [1, 2]}}");
  EXPECT_THAT(file.errors(),
              ElementsAre(HasSubstr("expands to 400000 trials; at most 100000 are possible")));
  EXPECT_THAT(SweepFile("sweep: {random: {n: 100000, seed: 1, training.epochs: "
                        "{integer: [1, 9]}, optimizer.momentum: {uniform: [0, 1]}, init_seed: "
                        "{integer: [0, 9]}, order_seed: {integer: [0, 9]}, head.scale: {uniform: "
                        "[1, 2]}, dataset.split_seed: {integer: [0, 9]}, training.batch_size: "
                        "{integer: [1, 9]}, optimizer.weight_decay: {uniform: [0, 1]}, "
                        "optimizer.learning_rate: {uniform: [0.1, 1]}}}")
                  .errors(),
              ElementsAre(HasSubstr("at most 1000000 values are drawn")));
}

TEST(SweepErrors, of_many_mistakes_the_first_are_told_and_their_number) {
  std::string text = "trial:\n";
  for (int i = 0; i < 100000; ++i) text += "  wrong" + std::to_string(i) + ": 1\n";
  text += "sweep: {grid: {training.epochs: [1, 2, 3, 4]}}\n";
  const auto errors = SweepFile(text).errors();
  ASSERT_EQ(errors.size(), 101);
  EXPECT_THAT(errors.front(), HasSubstr("sweep.yaml:2:3: unknown key 'wrong0'"));
  EXPECT_EQ(errors.back(), "... and 99900 more mistakes");
}

TEST(SweepErrors, a_file_larger_than_any_sweep_is_refused_unread) {
  const SweepFile file(std::string(17 << 20, '\n'));
  EXPECT_THAT(refusal_of(file.path()),
              HasSubstr("17825792 bytes; a sweep file has at most 16777216"));
}

TEST(SweepErrors, what_a_terminal_would_obey_is_written_out) {
  EXPECT_THAT(SweepFile("trial: {head: {name: \"\\e[31m\\nx\"}}").errors(),
              ElementsAre(HasSubstr("unknown head '\\x1b[31m\\nx'")));
}

TEST(SweepErrors, a_missing_file_is_named) {
  EXPECT_EQ(refusal_of("/nonexistent/sweep.yaml"), "/nonexistent/sweep.yaml: no such sweep file");
}

TEST(SweepErrors, a_mistyped_file_name_gets_the_nearest_one_beside_it) {
  const SweepFile file("trial: {}");
  EXPECT_THAT(refusal_of(file.path().parent_path() / "swepe.yaml"),
              HasSubstr("no such sweep file; did you mean 'sweep.yaml'?"));
}

TEST(SweepErrors, a_mistake_in_a_base_value_that_every_cell_overrides_is_found) {
  const SweepFile file("trial: {head: {name: dott}}\nsweep: {grid: {head.name: [dot, cosine]}}");
  EXPECT_THAT(file.errors(),
              ElementsAre(HasSubstr("sweep.yaml:1:22: head.name: unknown head 'dott'")));
}

TEST(SweepErrors, a_refused_combination_is_placed_at_its_value_and_told_once) {
  const SweepFile file(R"(
trial:
  encoder: {width: 2}
  training: {epochs: 1}
sweep:
  grid:
    class_vectors.distribution: [gaussian, orthonormal]
    optimizer.learning_rate: [0.1, 0.2]
)");
  EXPECT_THAT(
      file.errors(),
      ElementsAre(StartsWith("sweep.yaml:7:44: class_vectors.distribution: orthonormal class "
                             "vectors need K <= D, but K = 10 and D = 8")));
}

TEST(SweepErrors, checkpoints_are_asked_for_by_numbers_above_zero) {
  const SweepFile file(R"(
resources:
  checkpoint_seconds: 0
  checkpoint_steps: 0
  checkpoint_epochs: -1
  keep_best_checkpoint: perhaps
)");
  EXPECT_THAT(
      file.errors(),
      ElementsAre("sweep.yaml:3:23: resources.checkpoint_seconds: expected a number in (0, "
                  "864000000], found '0'",
                  "sweep.yaml:4:21: resources.checkpoint_steps: expected an integer in [1, "
                  "1000000000], found '0'",
                  "sweep.yaml:5:22: resources.checkpoint_epochs: expected an integer in [1, "
                  "1000000000], found '-1'",
                  "sweep.yaml:6:25: resources.keep_best_checkpoint: expected true or false, found "
                  "'perhaps'"));
}

TEST(SweepErrors, counts_that_no_machine_has_are_refused) {
  const std::vector<std::string> keys{"resources.ranks",
                                      "resources.groups",
                                      "resources.threads_per_rank",
                                      "resources.checkpoint_steps",
                                      "resources.checkpoint_epochs",
                                      "slurm.nodes",
                                      "slurm.gpus_per_node",
                                      "training.epochs",
                                      "training.batch_size",
                                      "training.shards",
                                      "dataset.samples_per_class",
                                      "evaluation.every",
                                      "evaluation.batch_size",
                                      "sweep.seeds"};
  const SweepFile file("trial: {}");
  for (const std::string& key : keys) {
    for (const char* count :
         {"4611686018427387904", "9223372036854775807", "9223372036854775808"}) {
      EXPECT_THAT(file.errors({key + "=" + count}),
                  ElementsAre(HasSubstr(std::string("found '") + count + "'")))
          << key;
    }
  }
}

TEST(SweepErrors, the_best_checkpoint_cannot_be_told_without_validation_images) {
  const SweepFile file(R"(
trial: {dataset: {validation_fraction: 0.1}}
sweep: {grid: {dataset.validation_fraction: [0, 0.1]}}
resources: {keep_best_checkpoint: true}
)");
  EXPECT_THAT(file.errors(),
              ElementsAre("sweep.yaml:4:35: resources.keep_best_checkpoint: 1 of 2 trials have no "
                          "validation images to tell the best epoch by; set "
                          "dataset.validation_fraction, e.g. to 0.1"));
  EXPECT_TRUE(file.load({"dataset.validation_fraction=0.2"}).resources.checkpoints.keep_best);
}

TEST(SweepErrors, aliases_that_stand_for_too_much_are_refused) {
  std::string text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += last + (j < 9 ? ", " : "]\n");
  }
  const SweepFile file(text);
  EXPECT_THROW(file.load(), ConfigError);
}

TEST(SweepErrors, a_single_trial_must_be_single) {
  const SweepFile file("trial: {seed: 4}\nsweep: {seeds: 2}");
  EXPECT_THROW(load_single_trial(file.path()), ConfigError);
  EXPECT_EQ(load_single_trial(file.path(), {"sweep.seeds=[5]"}).trials.at(0).config.seed, 5);
}

TEST(SweepErrors, a_file_without_mistakes_gives_none) {
  EXPECT_THAT(SweepFile("trial: {}").errors(), IsEmpty());
}

}  // namespace
}  // namespace headway
