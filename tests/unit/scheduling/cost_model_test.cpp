#include "scheduling/planning/cost_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "config/schema/catalog.h"

namespace headway {
namespace {

TrialConfig small_trial() {
  TrialConfig config;
  config.dataset.options = default_options(Family::kDataset, config.dataset.name);
  config.encoder.options = default_options(Family::kEncoder, config.encoder.name);
  return config;
}

// Training is linear in the number of epochs; the pass over the test set and the geometry are not.
TEST(TrialCost, every_further_epoch_costs_the_same) {
  TrialConfig config = small_trial();
  const auto flops = [&](std::int64_t epochs) {
    config.training.epochs = epochs;
    return trial_cost(config).flops;
  };
  EXPECT_NEAR(flops(3) - flops(2), flops(2) - flops(1), 1e-6 * flops(3));
  EXPECT_GT(flops(1), 0);
}

TEST(TrialCost, one_epoch_is_three_forward_passes_over_the_training_images) {
  TrialConfig config = small_trial();
  config.dataset.validation_fraction = 0;
  config.evaluation.geometry = false;
  config.evaluation.every = 1000;  // only the last epoch is evaluated, in all variants
  config.training.epochs = 1;
  const double one = trial_cost(config).flops;
  config.training.epochs = 2;
  const DatasetDescription data = describe_dataset(config.dataset);
  const EncoderSummary encoder = summarise_encoder(config.encoder, data.image);
  const double multiply_adds =
      encoder.multiply_adds + static_cast<double>(encoder.feature_size * data.classes);
  const double expected = 6 * multiply_adds * static_cast<double>(data.train_count);
  EXPECT_NEAR(trial_cost(config).flops - one, expected, 1e-9 * expected);
}

TEST(TrialCost, every_evaluation_is_a_forward_pass_over_validation_and_test_images) {
  TrialConfig config = small_trial();
  config.training.epochs = 4;
  config.evaluation.every = 4;
  const double once = trial_cost(config).flops;
  config.evaluation.every = 1;
  const DatasetDescription data = describe_dataset(config.dataset);
  const double images = config.dataset.validation_fraction * static_cast<double>(data.train_count) +
                        static_cast<double>(data.test_count);
  const double trained =
      4 * (static_cast<double>(data.train_count) * (1 - config.dataset.validation_fraction));
  const double forward = trial_cost(config).train_flops / (3 * trained);
  EXPECT_NEAR(trial_cost(config).flops - once, 3 * images * forward, 1e-9 * once);
}

TEST(TrialCost, the_end_is_a_pass_over_the_training_images_and_with_geometry_one_over_all) {
  TrialConfig config = small_trial();
  config.dataset.validation_fraction = 0;
  config.training.epochs = 1;
  config.evaluation.geometry = false;
  const DatasetDescription data = describe_dataset(config.dataset);
  const double pass = trial_cost(config).train_flops / 3;  // over the training images
  EXPECT_NEAR(trial_cost(config).final_flops, pass, 1e-9 * pass);
  const auto test_share =
      static_cast<double>(data.test_count) / static_cast<double>(data.train_count);
  config.evaluation.geometry = true;
  EXPECT_NEAR(trial_cost(config).final_flops, pass * (2 + test_share), 1e-9 * pass);
}

TEST(TrialCost, a_cut_training_set_costs_less) {
  TrialConfig config = small_trial();
  const double whole = trial_cost(config).flops;
  config.dataset.samples_per_class = 100;
  EXPECT_LT(trial_cost(config).flops, whole / 5);
}

TEST(CostTable, a_cell_is_computed_once) {
  CostTable table;
  int computed = 0;
  const auto config = [&] {
    ++computed;
    return small_trial();
  };
  const double first = table.at("cell", config).flops;
  EXPECT_EQ(table.at("cell", config).flops, first);
  EXPECT_EQ(computed, 1);
}

TEST(CostModel, without_measurements_an_assumed_speed_and_efficiency_count) {
  const TrialCost cost = trial_cost(small_trial());
  const CostModel model;
  EXPECT_FALSE(model.is_measured());
  const double one = cost.flops / cost.assumed_speed;
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost), one);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost, 2), one / (2 * CostModel::kAssumedEfficiency));
  EXPECT_NEAR(model.predicted_seconds(cost, 4),
              one / (4 * CostModel::kAssumedEfficiency * CostModel::kAssumedEfficiency),
              1e-9 * one);
}

TEST(CostModel, narrow_layers_are_assumed_to_run_further_below_the_peak) {
  const auto speed = [](std::int64_t width) {
    TrialConfig config = small_trial();
    config.encoder.options.values()["width"] = width;
    return trial_cost(config).assumed_speed;
  };
  EXPECT_LT(speed(4), speed(16));
  EXPECT_LT(speed(16), speed(64));
  EXPECT_LT(speed(64), CostModel::kAssumedFlopsPerSecond);
}

TEST(CostModel, finished_trials_teach_it_the_speed) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 40);
  EXPECT_TRUE(model.is_measured());
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost), 40);
  model.observe(cost, 20);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost), 30);
}

TEST(CostModel, what_a_wider_group_gains_is_learned) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 40);
  model.observe(cost, 32, 2);  // 64 rank-seconds
  EXPECT_DOUBLE_EQ(model.efficiency(cost, 2), 40.0 / 64);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost), 40);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost, 2), 32);
}

TEST(CostModel, a_wide_group_alone_tells_of_one_rank_by_the_assumed_efficiency) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 10, 2);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost, 2), 10);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(cost), 20 * CostModel::kAssumedEfficiency);
}

TEST(CostModel, ranks_are_never_taken_to_speed_each_other_up) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 50);  // say, while the machine was busy
  model.observe(cost, 10, 2);
  EXPECT_EQ(model.efficiency(cost, 2), 1);
}

/// A trial of 100 steps, so far along, whose steps alone would take `seconds` in all.
Progress progress_at(const TrialCost& cost, std::int64_t step, double seconds) {
  const auto images = static_cast<double>(100 * cost.batch_size);
  return {.step = step, .total_steps = 100, .images_per_second = images / seconds, .phase = ""};
}

TEST(CostModel, the_first_steps_of_a_running_trial_teach_it_the_speed) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe_running(cost, progress_at(cost, 2, 50));
  EXPECT_FALSE(model.is_measured()) << "the very first steps are not typical";
  model.observe_running(cost, progress_at(cost, 10, 50));
  EXPECT_TRUE(model.is_measured());
  EXPECT_NEAR(model.predicted_seconds(cost), 50 * cost.flops / cost.train_flops, 1e-9);
}

TEST(CostModel, a_finished_trial_outweighs_the_first_steps_of_another) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 100);
  model.observe_running(cost, progress_at(cost, 10, 1000 * cost.train_flops / cost.flops));
  EXPECT_NEAR(model.predicted_seconds(cost), (100 + 100) / 1.1, 1e-6);
}

TEST(CostModel, what_a_running_trial_has_left_follows_from_its_own_speed) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  model.observe(cost, 100);
  const double left = (cost.flops - cost.final_flops) / 2 + cost.final_flops;
  const Progress unknown{.step = 50, .total_steps = 100, .phase = ""};
  EXPECT_NEAR(model.remaining_seconds(cost, unknown), 100 * left / cost.flops, 1e-9);
  EXPECT_NEAR(
      model.remaining_seconds(cost, progress_at(cost, 50, 30)), 30 * left / cost.train_flops, 1e-9);
  EXPECT_NEAR(model.remaining_seconds(cost, progress_at(cost, 100, 30)),
              30 * cost.final_flops / cost.train_flops,
              1e-9);
}

TEST(CostModel, a_width_that_was_not_measured_borrows_from_the_same_encoder) {
  TrialConfig narrow = small_trial();
  TrialConfig wide = small_trial();
  narrow.encoder.options.values()["width"] = 8;
  wide.encoder.options.values()["width"] = 64;
  const CostModel fresh;
  CostModel model;
  model.observe(narrow, 3 * fresh.predicted_seconds(narrow));
  EXPECT_NEAR(model.predicted_seconds(wide) / fresh.predicted_seconds(wide), 3, 1e-9);
}

TEST(CostModel, seconds_are_told_for_the_widths_that_shards_and_slots_allow) {
  TrialConfig config = small_trial();
  config.training.shards = 4;
  const CostModel model;
  const TrialCost cost = trial_cost(config);
  EXPECT_EQ(model.seconds_by_width(cost, 64).seconds.size(), 3U);
  EXPECT_EQ(model.seconds_by_width(cost, 3).seconds.size(), 2U);
  const SecondsByWidth by_width = model.seconds_by_width(cost, 4);
  EXPECT_EQ(by_width.fewest_ranks, 1);
  EXPECT_EQ(by_width.seconds.at(2), model.predicted_seconds(cost, 4));
}

TEST(CostModel, a_trial_of_one_rank_per_shard_has_one_width_however_few_the_slots) {
  TrialConfig config = small_trial();
  config.training.shards = 4;
  config.training.sync_batch_norm = true;
  const CostModel model;
  const TrialCost cost = trial_cost(config);
  for (const int slots : {1, 4, 64}) {
    const SecondsByWidth by_width = model.seconds_by_width(cost, slots);
    EXPECT_EQ(by_width.fewest_ranks, 4);
    EXPECT_EQ(by_width.seconds, std::vector{model.predicted_seconds(cost, 4)});
    EXPECT_EQ(by_width.slot_seconds(), 4 * model.predicted_seconds(cost, 4));
  }
}

TEST(CostModel, encoders_are_measured_apart) {
  TrialConfig small = small_trial();
  TrialConfig large = small_trial();
  large.encoder.name = "resnet18";
  large.encoder.options = default_options(Family::kEncoder, "resnet18");
  CostModel model;
  model.observe(trial_cost(small), 10);
  model.observe(trial_cost(large), 500);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(small)), 10);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(large)), 500);
}

TEST(CostModel, a_duration_of_nothing_teaches_nothing) {
  CostModel model;
  model.observe(trial_cost(small_trial()), 0);
  EXPECT_FALSE(model.is_measured());
}

TEST(CostModel, durations_and_speeds_that_cannot_be_teach_nothing) {
  const TrialCost cost = trial_cost(small_trial());
  CostModel model;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double seconds : {-1.0, 1e-320, 1e300, kInfinity, std::nan("")}) {
    model.observe(cost, seconds);
    model.observe_running(cost, progress_at(cost, 10, seconds));
    EXPECT_TRUE(std::isfinite(model.remaining_seconds(cost, progress_at(cost, 10, seconds))));
  }
  const Progress slow{.step = 10, .total_steps = 100, .images_per_second = 1e-305, .phase = ""};
  model.observe_running(cost, slow);
  EXPECT_FALSE(model.is_measured());
  EXPECT_EQ(model.efficiency(cost, 2), CostModel::kAssumedEfficiency);
  EXPECT_TRUE(std::isfinite(model.remaining_seconds(cost, slow)));
}

TEST(CostModel, a_trial_of_more_images_than_an_integer_holds_takes_long) {
  TrialCost cost = trial_cost(small_trial());
  cost.batch_size = 1 << 20;
  const Progress endless{
      .step = 10, .total_steps = std::int64_t{1} << 53, .images_per_second = 1e12, .phase = ""};
  const double trains = std::ldexp(1.0, 53 + 20) / 1e12;
  EXPECT_NEAR(CostModel().remaining_seconds(cost, endless),
              trains * cost.flops / cost.train_flops,
              1e-9 * trains);
}

TEST(CostModel, a_trial_of_no_epochs_shows_no_speed) {
  TrialConfig config = small_trial();
  config.training.epochs = 0;
  const TrialCost cost = trial_cost(config);
  CostModel model;
  model.observe_running(cost, progress_at(cost, 10, 50));
  EXPECT_FALSE(model.is_measured());
  EXPECT_TRUE(std::isfinite(model.remaining_seconds(cost, progress_at(cost, 10, 50))));
}

}  // namespace
}  // namespace headway
