#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sweep_file.h"

namespace headway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The example of the design.
constexpr const char* kExample = R"(
name: fixed_versus_learned
description: does fixing random class vectors cost accuracy?
trial:                                   # the base configuration; everything has a documented default
  dataset:  {name: fashion_mnist, validation_fraction: 0.1}
  encoder:  {name: resnet18, width: 16, pooling: global}
  head:     {name: cosine, scale: 20, bias: none}
  class_vectors: {distribution: gaussian, learned: false, norm: unit}
  optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4}
  schedule: {name: cosine, warmup_epochs: 1}
  training: {epochs: 10, batch_size: 128, shards: 2, precision: bf16}
  augmentation: [{name: crop, padding: 4}, {name: flip}]
  loss: {name: cross_entropy, label_smoothing: 0.1}
  evaluation: {geometry: true}
sweep:
  grid:                                  # cartesian product
    head.name: [dot, cosine]
    class_vectors.distribution: [gaussian, orthonormal, simplex]
  zip:                                   # paired: lists of equal length
    - {class_vectors.learned: [true, false], optimizer.weight_decay: [5e-4, 0]}
  list:                                  # explicit extra cells
    - {head.name: arcface, head.margin: 0.5, class_vectors.learned: true}
  random: {n: 20, seed: 7, optimizer.learning_rate: {log_uniform: [0.001, 1]}}
  exclude:                               # partial matches; a list of values means any of them
    - {class_vectors.distribution: simplex, head.name: dot}
  seeds: [0, 1, 2]                       # or a count
resources: {device: auto, ranks: auto, threads_per_rank: 1, time_limit: 2h}   # never part of an id
slurm: {partition: gpu, nodes: 1, gpus_per_node: 4, time: "04:00:00", extra: ["--account=x"]}
)";

TEST(SweepExpansion, the_example_of_the_design_has_603_trials) {
  const Sweep sweep = SweepFile(kExample).load();
  EXPECT_EQ(sweep.name, "fixed_versus_learned");
  EXPECT_EQ(sweep.description, "does fixing random class vectors cost accuracy?");
  // (2 * 3 heads and distributions - 1 excluded) * 2 zipped * 20 random + 1 listed, times 3 seeds.
  EXPECT_EQ(sweep.trials.size(), (5 * 2 * 20 + 1) * 3);
  std::set<std::string> trials;
  std::set<std::string> cells;
  for (const Trial& trial : sweep.trials) {
    trials.insert(trial.trial_id);
    cells.insert(trial.cell_id);
    EXPECT_EQ(trial.trial_id, trial_id(trial.config));
    EXPECT_EQ(trial.cell_id, cell_id(trial.config));
  }
  EXPECT_EQ(trials.size(), 603);
  EXPECT_EQ(cells.size(), 201);
  EXPECT_THAT(sweep.notes,
              ElementsAre("slurm: has no effect yet: this version runs on this machine's cores and "
                          "GPUs, or inside an allocation",
                          "dropped head.scale of the base configuration where head.name is 'dot', "
                          "which has no such option (80 cells)",
                          "dropped head.bias of the base configuration where head.name is "
                          "'arcface', which has no such option (1 cell)"));
  EXPECT_EQ(sweep.resources.time_limit_seconds, 7200);
  EXPECT_EQ(sweep.resources.ranks, std::nullopt);
  EXPECT_EQ(sweep.slurm.time, "04:00:00");
  EXPECT_THAT(sweep.slurm.extra, ElementsAre("--account=x"));
  EXPECT_EQ(sweep.text, kExample);
}

TEST(SweepExpansion, zipped_values_travel_together) {
  for (const Trial& trial : SweepFile(kExample).load().trials) {
    if (trial.config.head.name == "arcface") continue;  // listed
    const double decay = trial.config.class_vectors.learned ? 5e-4 : 0;
    EXPECT_EQ(trial.config.optimizer.weight_decay, decay);
  }
}

TEST(SweepExpansion, an_empty_trial_is_one_trial_with_all_defaults) {
  const Sweep sweep = SweepFile("trial: {}").load();
  ASSERT_EQ(sweep.trials.size(), 1);
  EXPECT_EQ(sweep.name, "sweep");  // of the file
  EXPECT_EQ(sweep.trials[0].trial_id, trial_id(TrialConfig()));
  EXPECT_EQ(sweep.trials[0].config.encoder.options.integer("width"), 32);
}

TEST(SweepExpansion, the_last_axis_is_the_fastest_and_seeds_are_faster_still) {
  const Sweep sweep =
      SweepFile("sweep: {grid: {training.epochs: [1, 2], head.name: [dot, cosine]}, seeds: 2}")
          .load();
  std::vector<std::string> order;
  for (const Trial& trial : sweep.trials) {
    order.push_back(std::to_string(trial.config.training.epochs) + trial.config.head.name +
                    std::to_string(trial.config.seed));
  }
  EXPECT_THAT(
      order,
      ElementsAre(
          "1dot0", "1dot1", "1cosine0", "1cosine1", "2dot0", "2dot1", "2cosine0", "2cosine1"));
}

TEST(SweepExpansion, a_list_alone_has_no_base_cell) {
  const Sweep sweep =
      SweepFile("sweep: {list: [{training.epochs: 1}, {head: {name: cosine, scale: 5}}], seeds: 2}")
          .load();
  ASSERT_EQ(sweep.trials.size(), 4);
  EXPECT_EQ(sweep.trials[0].config.training.epochs, 1);
  EXPECT_EQ(sweep.trials[2].config.head.options.number("scale"), 5);
}

TEST(SweepExpansion, options_travel_with_a_whole_section) {
  const Sweep sweep = SweepFile(R"(
trial: {head: {name: cosine, scale: 9, bias: learned}}
sweep: {grid: {head: [{name: dot}, {scale: 20}, {name: cosine, scale: 30, bias: none}]}}
)")
                          .load();
  ASSERT_EQ(sweep.trials.size(), 3);
  EXPECT_EQ(sweep.trials[0].config.head.name, "dot");
  EXPECT_EQ(sweep.trials[0].config.head.options.text("bias"), "learned");
  EXPECT_FALSE(sweep.trials[0].config.head.options.has("scale"));
  EXPECT_EQ(sweep.trials[1].config.head.options.number("scale"), 20);
  EXPECT_EQ(sweep.trials[1].config.head.options.text("bias"), "learned");
  EXPECT_EQ(sweep.trials[2].config.head.options.text("bias"), "none");
}

TEST(SweepExpansion, lists_of_augmentations_are_values_of_an_axis) {
  const Sweep sweep =
      SweepFile("sweep: {grid: {augmentation: [[], [{name: flip}], [{name: crop}, {name: flip}]]}}")
          .load();
  ASSERT_EQ(sweep.trials.size(), 3);
  EXPECT_EQ(sweep.trials[0].config.augmentation.size(), 0);
  EXPECT_EQ(sweep.trials[2].config.augmentation.at(0).options.integer("padding"), 4);
}

TEST(SweepExpansion, null_means_that_an_optional_value_is_absent) {
  const Sweep sweep = SweepFile(R"(
trial: {dataset: {samples_per_class: 100}}
sweep: {grid: {dataset.samples_per_class: [100, null]}}
)")
                          .load();
  EXPECT_EQ(sweep.trials.at(0).config.dataset.samples_per_class, 100);
  EXPECT_EQ(sweep.trials.at(1).config.dataset.samples_per_class, std::nullopt);
}

TEST(SweepExpansion, identical_cells_are_merged_with_a_note) {
  const Sweep sweep =
      SweepFile(
          "sweep: {grid: {optimizer.weight_decay: [5e-4, 0.0005, \"0.0005\", 1e-3]}, seeds: 2}")
          .load();
  EXPECT_EQ(sweep.trials.size(), 4);
  EXPECT_THAT(
      sweep.notes,
      ElementsAre("merged 2 cells into identical earlier ones, e.g. {optimizer.weight_decay: "
                  "0.0005}"));
}

TEST(SweepExpansion, where_the_data_lies_does_not_make_another_trial) {
  const SweepFile here("trial: {dataset: {root: /here}}");
  const SweepFile there("trial: {dataset: {root: /there}}\nresources: {threads_per_rank: 2}");
  EXPECT_EQ(here.load().trials.at(0).trial_id, there.load().trials.at(0).trial_id);
}

TEST(SweepExpansion, exclusions_match_partly_and_any_of_several_values) {
  const SweepFile file(R"(
sweep:
  grid:
    head.name: [dot, cosine]
    class_vectors.distribution: [gaussian, uniform_integer, orthonormal, simplex]
    class_vectors.learned: [true, false]
  exclude:
    - {class_vectors.distribution: [gaussian, simplex], class_vectors.learned: true}
    - {head: {name: cosine}, seed: 1}
  seeds: 2
)");
  // 16 cells; the first entry takes 2 distributions * 2 heads, the second one seed of cosine cells.
  EXPECT_EQ(file.load().trials.size(), 12 + 6);
}

// Also one that ids leave out at its default.
TEST(SweepExpansion, exclusions_see_every_default) {
  const SweepFile file(R"(
sweep:
  grid: {evaluation.calibration: [false, true]}
  exclude: [{evaluation.calibration: false}]
)");
  const Sweep sweep = file.load();
  ASSERT_EQ(sweep.trials.size(), 1U);
  EXPECT_TRUE(sweep.trials[0].config.evaluation.calibration);
  EXPECT_EQ(sweep.trials[0].trial_id, trial_id(sweep.trials[0].config));
}

TEST(SweepExpansion, an_excluded_cell_may_be_impossible) {
  const SweepFile file(R"(
sweep:
  grid: {head: [{name: dot}, {name: cosine, scale: 5}], encoder.width: [2, 32],
         class_vectors.distribution: [gaussian, simplex]}
  exclude: [{encoder.width: 2, class_vectors.distribution: simplex}]
)");
  EXPECT_EQ(file.load().trials.size(), 6);
}

TEST(SweepExpansion, an_exclusion_without_effect_is_noted_with_its_place) {
  const SweepFile file("sweep:\n  exclude:\n    - {head.name: cosine}\n");
  const Sweep sweep = file.load();
  EXPECT_EQ(sweep.trials.size(), 1);
  EXPECT_THAT(file.without_folder(sweep.notes),
              ElementsAre("sweep.yaml:3:7: this entry of sweep.exclude matches no trial"));
}

TEST(SweepExpansion, invalid_cells_can_be_skipped_with_the_reason) {
  const SweepFile file(R"(
trial: {encoder: {width: 2}}
sweep:
  on_invalid: skip
  grid:
    class_vectors.distribution: [gaussian, simplex]
    head.name: [dot, cosine]
    optimizer.learning_rate: [0.1, 0.2]
)");
  const Sweep sweep = file.load();
  EXPECT_EQ(sweep.trials.size(), 4);
  EXPECT_THAT(sweep.notes,
              ElementsAre(HasSubstr("left out 4 cells (on_invalid: skip): "
                                    "class_vectors.distribution: simplex")));
}

TEST(SweepExpansion, skipping_does_not_hide_a_wrong_value) {
  const SweepFile file("sweep: {on_invalid: skip, grid: {optimizer.learning_rate: [0.1, -1]}}");
  EXPECT_THAT(file.errors(), ElementsAre(HasSubstr("expected a number > 0, found '-1'")));
}

TEST(SweepExpansion, a_flag_is_raised_once_per_cell_with_its_numbers) {
  const Sweep sweep =
      SweepFile("trial: {head: {name: cosine, scale: 1}}\nsweep: {seeds: 3}").load();
  ASSERT_EQ(sweep.flags.size(), 1);
  EXPECT_EQ(sweep.flags[0].cell_id, sweep.trials.at(0).cell_id);
  EXPECT_EQ(sweep.flags[0].rule, "cosine_scale_too_small");
  EXPECT_THAT(sweep.flags[0].message, HasSubstr("at most 0.2524"));
  EXPECT_THAT(sweep.flags[0].message, HasSubstr("at least 3.96"));
}

TEST(SweepExpansion, anchors_aliases_and_merge_keys_work) {
  const Sweep sweep = SweepFile(R"(
trial:
  optimizer: &defaults {learning_rate: 0.3, momentum: 0.5}
  training: {batch_size: &size 64}
  evaluation: {batch_size: *size}
sweep:
  list:
    - {optimizer: {<<: *defaults, momentum: 0.7}}
)")
                          .load();
  ASSERT_EQ(sweep.trials.size(), 1);
  EXPECT_EQ(sweep.trials[0].config.optimizer.learning_rate, 0.3);
  EXPECT_EQ(sweep.trials[0].config.optimizer.options.number("momentum"), 0.7);
  EXPECT_EQ(sweep.trials[0].config.evaluation.batch_size, 64);
}

TEST(SweepExpansion, trials_with_fewer_shards_than_ranks_are_noted) {
  const SweepFile file("sweep: {grid: {training.shards: [1, 2, 4]}}\nresources: {ranks: 2}");
  EXPECT_THAT(
      file.load().notes,
      ElementsAre("1 trials cannot be spread over resources.ranks 2: a trial runs on at most "
                  "training.shards ranks"));
}

TEST(SweepExpansion, ten_thousand_trials_are_expanded) {
  const Sweep sweep = SweepFile(R"(
sweep:
  random: {n: 1000, optimizer.learning_rate: {log_uniform: [0.0001, 1]}}
  grid: {head.name: [dot, cosine], class_vectors.learned: [true, false]}
  seeds: [0, 1, 2]
  exclude: [{head.name: dot, class_vectors.learned: true, seed: [1, 2]}]
)")
                          .load();
  EXPECT_EQ(sweep.trials.size(), 10000);
}

TEST(SingleTrial, a_bare_trial_section_is_a_file_of_its_own) {
  const SweepFile file("head: {name: cosine}\nseed: 2\n");
  const Sweep sweep = load_single_trial(file.path(), {"head.scale=12"});
  ASSERT_EQ(sweep.trials.size(), 1);
  EXPECT_EQ(sweep.trials[0].config.head.options.number("scale"), 12);
  EXPECT_EQ(sweep.trials[0].config.seed, 2);
}

}  // namespace
}  // namespace headway
