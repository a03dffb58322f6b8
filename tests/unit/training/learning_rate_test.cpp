#include "training/schedules/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "config/schema/catalog.h"

namespace headway {
namespace {

TrialConfig with_schedule(const std::string& name, double warmup_epochs = 0) {
  TrialConfig config;
  config.optimizer.learning_rate = 0.4;
  config.training.epochs = 10;
  config.schedule = {name, warmup_epochs, default_options(Family::kSchedule, name)};
  return config;
}

TEST(LearningRate, cosine_falls_from_the_peak_to_the_final_rate_over_the_steps_after_warm_up) {
  TrialConfig config = with_schedule("cosine", 2);
  config.schedule.options.values()["final_learning_rate"] = 0.04;
  const LearningRate rate(config, 100);
  EXPECT_DOUBLE_EQ(rate.at_step(200), 0.4);
  EXPECT_NEAR(rate.at_step(600), 0.04 + 0.36 * 0.5, 1e-12);
  EXPECT_NEAR(rate.at_step(400), 0.04 + 0.36 * 0.5 * (1 + std::cos(std::numbers::pi / 4)), 1e-12);
  EXPECT_NEAR(rate.at_step(1000), 0.04, 1e-12);
}

TEST(LearningRate, warm_up_rises_linearly_and_never_gives_a_first_step_of_zero) {
  const LearningRate rate(with_schedule("constant", 0.5), 20);  // 10 steps
  EXPECT_NEAR(rate.at_step(0), 0.04, 1e-12);
  EXPECT_NEAR(rate.at_step(4), 0.2, 1e-12);
  EXPECT_NEAR(rate.at_step(9), 0.4, 1e-12);
  EXPECT_NEAR(rate.at_step(10), 0.4, 1e-12);
}

TEST(LearningRate, step_multiplies_at_each_milestone) {
  TrialConfig config = with_schedule("step");
  config.schedule.options.values()["milestones"] = {3, 6};
  config.schedule.options.values()["factor"] = 0.1;
  const LearningRate rate(config, 10);
  EXPECT_DOUBLE_EQ(rate.at_step(29), 0.4);
  EXPECT_NEAR(rate.at_step(30), 0.04, 1e-12);
  EXPECT_NEAR(rate.at_step(60), 0.004, 1e-12);
}

// The values that torch.optim.lr_scheduler.ReduceLROnPlateau(mode="max", factor=0.2, patience=1,
// threshold=0.01, threshold_mode="abs") gives for these accuracies.
TEST(LearningRate, plateau_follows_torch) {
  TrialConfig config = with_schedule("plateau");
  config.schedule.options.values()["factor"] = 0.2;
  config.schedule.options.values()["patience"] = 1;
  config.schedule.options.values()["threshold"] = 0.01;
  LearningRate rate(config, 10);
  const std::vector<double> accuracies{0.5, 0.505, 0.508, 0.6, 0.6, 0.6, 0.6};
  const std::vector<double> expected{0.4, 0.4, 0.08, 0.08, 0.08, 0.016, 0.016};
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    rate.schedule().observe(accuracies[i]);
    EXPECT_NEAR(rate.at_step(0), expected[i], 1e-12) << "evaluation " << i;
  }
}

TEST(LearningRate, plateau_state_survives_a_round_trip_also_before_the_first_evaluation) {
  LearningRate first(with_schedule("plateau"), 10);
  LearningRate second(with_schedule("plateau"), 10);
  second.schedule().restore(nlohmann::json::parse(first.schedule().state().dump()));
  for (const double accuracy : {0.5, 0.4, 0.4, 0.4, 0.4}) {
    first.schedule().observe(accuracy);
    second.schedule().restore(nlohmann::json::parse(first.schedule().state().dump()));
    EXPECT_EQ(first.at_step(0), second.at_step(0));
  }
  EXPECT_LT(second.at_step(0), 0.4);
}

}  // namespace
}  // namespace headway
