#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/small_sweep.h"
#include "sweep/prediction.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

double seconds_of_one_trial() {
  return CostModel().predicted_seconds(trial_cost(small_trial_config(0)));
}

TEST(Prediction, trials_of_one_shard_fill_the_slots_one_by_one) {
  const Prediction prediction = predict(small_sweep(6), CostModel(), 2);
  const double one = seconds_of_one_trial();
  EXPECT_EQ(prediction.slots, 2);
  EXPECT_DOUBLE_EQ(prediction.slot_seconds, 6 * one);
  EXPECT_NEAR(prediction.makespan_seconds, 3 * one, 1e-9 * one);
  EXPECT_THAT(prediction.hints, IsEmpty());
}

TEST(Prediction, fewer_trials_than_slots_spread_over_their_shards) {
  const Prediction prediction = predict(small_sweep(2, /*shards=*/4), CostModel(), 8);
  const TrialCost cost = trial_cost(small_trial_config(0, 4));
  EXPECT_NEAR(prediction.makespan_seconds, CostModel().predicted_seconds(cost, 4), 1e-6);
  EXPECT_EQ(prediction.wide_trials, 2);
  EXPECT_THAT(prediction.hints, IsEmpty());
}

TEST(Prediction, the_odd_trial_at_the_end_is_shared_by_two_ranks) {
  const Prediction prediction = predict(small_sweep(3, /*shards=*/2), CostModel(), 2);
  const TrialCost cost = trial_cost(small_trial_config(0, 2));
  const CostModel model;
  EXPECT_NEAR(prediction.makespan_seconds,
              model.predicted_seconds(cost) + model.predicted_seconds(cost, 2),
              1e-6);
  EXPECT_EQ(prediction.wide_trials, 1);
}

TEST(Prediction, an_end_that_leaves_slots_idle_is_told) {
  const Prediction prediction = predict(small_sweep(3), CostModel(), 2);
  EXPECT_NEAR(prediction.makespan_seconds, 2 * seconds_of_one_trial(), 1e-6);
  ASSERT_EQ(prediction.hints.size(), 1U);
  EXPECT_THAT(prediction.hints[0], HasSubstr("idle for 25 % of the time"));
  EXPECT_THAT(prediction.hints[0], HasSubstr("training.shards"));
}

TEST(Prediction, slots_that_no_shard_can_use_are_told_with_the_remedy) {
  const Prediction prediction = predict(small_sweep(1), CostModel(), 4);
  ASSERT_EQ(prediction.hints.size(), 1U);
  EXPECT_THAT(prediction.hints[0], HasSubstr("3 of 4 slots stay idle"));
  EXPECT_THAT(prediction.hints[0], HasSubstr("training.shards"));
}

TEST(Prediction, threads_that_do_not_divide_the_cores_leave_some_idle) {
  Sweep sweep = small_sweep(4);
  sweep.resources.threads_per_rank = 3;
  const Prediction prediction = predict(sweep, CostModel(), 4);
  EXPECT_EQ(prediction.slots, 1);
  ASSERT_EQ(prediction.hints.size(), 1U);
  EXPECT_THAT(prediction.hints[0], HasSubstr("1 of 4 cores stay idle"));
}

TEST(Prediction, a_measured_speed_replaces_the_guess) {
  CostModel costs;
  costs.observe(trial_cost(small_trial_config(0)), 100);
  const Prediction prediction = predict(small_sweep(3), costs, 1);
  EXPECT_TRUE(prediction.is_measured);
  EXPECT_NEAR(prediction.makespan_seconds, 300, 1e-6);
}

Sweep synced_sweep(int trials, int shards) {
  Sweep sweep = small_sweep(trials, shards);
  for (Trial& trial : sweep.trials) trial.config.training.sync_batch_norm = true;
  return sweep;
}

TEST(Prediction, a_trial_of_one_rank_per_shard_takes_as_many_slots) {
  const Prediction prediction = predict(synced_sweep(2, 4), CostModel(), 4);
  const TrialCost cost = trial_cost(small_trial_config(0, 4));
  const double one = CostModel().predicted_seconds(cost, 4);
  EXPECT_NEAR(prediction.makespan_seconds, 2 * one, 1e-6);
  EXPECT_NEAR(prediction.slot_seconds, 8 * one, 1e-6);
  EXPECT_EQ(prediction.wide_trials, 0);
  EXPECT_THAT(prediction.hints, IsEmpty());
}

TEST(Prediction, fewer_slots_than_a_trial_needs_are_told_with_the_remedy) {
  Sweep sweep = synced_sweep(2, 4);
  const Prediction prediction = predict(sweep, CostModel(), 3);
  ASSERT_FALSE(prediction.hints.empty());
  EXPECT_THAT(prediction.hints.back(), HasSubstr("needs 4 ranks, but there are 3 slots"));
  EXPECT_THAT(prediction.hints.back(), HasSubstr("set resources.ranks=4"));
  EXPECT_THAT(prediction.hints.back(), HasSubstr("training.shards=2"));
  sweep.resources.ranks = 2;
  EXPECT_THAT(predict(sweep, CostModel(), 8).hints.back(), HasSubstr("resources.ranks is 2"));
  sweep.resources.ranks = 4;
  EXPECT_THAT(predict(sweep, CostModel(), 1).hints, IsEmpty());
}

}  // namespace
}  // namespace headway
