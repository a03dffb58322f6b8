#include "scheduling/cost_model.h"

#include <gtest/gtest.h>

#include "config/catalog.h"

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
  const DatasetShape data = dataset_shape(config.dataset);
  const EncoderShape encoder = encoder_shape(config.encoder, data);
  const double multiply_adds =
      encoder.multiply_adds + static_cast<double>(encoder.feature_size * data.classes);
  const double expected = 6 * multiply_adds * static_cast<double>(data.train_count);
  EXPECT_NEAR(trial_cost(config).flops - one, expected, 1e-9 * expected);
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

TEST(CostModel, without_measurements_the_default_speed_counts) {
  const TrialConfig config = small_trial();
  const CostModel model(1e9);
  EXPECT_FALSE(model.is_measured());
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(config)), trial_cost(config).flops / 1e9);
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(config), 4), trial_cost(config).flops / 4e9);
}

TEST(CostModel, finished_trials_teach_it_the_speed) {
  TrialConfig config = small_trial();
  CostModel model;
  model.observe(trial_cost(config), 40);
  EXPECT_TRUE(model.is_measured());
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(config)), 40);
  model.observe(trial_cost(config), 10, 2);  // 20 slot seconds
  EXPECT_DOUBLE_EQ(model.predicted_seconds(trial_cost(config)), 30);
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

TEST(Makespan, the_longest_trials_are_placed_first) {
  EXPECT_DOUBLE_EQ(predicted_makespan_seconds({1, 1, 4, 2}, 2), 4);
  EXPECT_DOUBLE_EQ(predicted_makespan_seconds({3, 3, 3}, 2), 6);
  EXPECT_DOUBLE_EQ(predicted_makespan_seconds({3, 3, 3}, 1), 9);
  EXPECT_DOUBLE_EQ(predicted_makespan_seconds({}, 4), 0);
}

}  // namespace
}  // namespace headway
