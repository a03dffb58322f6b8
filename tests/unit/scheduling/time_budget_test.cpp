#include "scheduling/policy/time_budget.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

Progress at(const char* phase, std::int64_t step) {
  return {.step = step, .phase = phase};
}

TEST(TimeBudget, without_a_limit_there_is_always_time) {
  const TimeBudget budget;
  EXPECT_TRUE(budget.may_start(1e12));
  EXPECT_FALSE(budget.must_stop(1e12));
}

TEST(TimeBudget, a_trial_stops_while_there_is_time_for_a_step_and_a_checkpoint) {
  TimeBudget budget(1000);
  budget.begin_trial(0);
  budget.observe(at("loading", 0), 0);
  budget.observe(at("training", 1), 20);
  budget.observe(at("training", 2), 24);  // a step: 4 s
  budget.observe(at("saving", 3), 28);
  budget.observe(at("training", 3), 34);  // a save: 6 s
  EXPECT_DOUBLE_EQ(budget.seconds_to_stop(), 1.5 * (4 + 6) + 1);
  EXPECT_FALSE(budget.must_stop(1000 - 16.5));
  EXPECT_TRUE(budget.must_stop(1000 - 16));
}

TEST(TimeBudget, several_ranks_leave_time_for_the_end_of_mpirun) {
  EXPECT_DOUBLE_EQ(TimeBudget(1000, 4).seconds_to_stop(),
                   TimeBudget(1000, 1).seconds_to_stop() + 1.5);
  EXPECT_DOUBLE_EQ(TimeBudget(1000, 2).seconds_to_first_checkpoint(), 3 + 1.5 * 0.5 + 1 + 1.5);
}

TEST(TimeBudget, no_trial_begins_that_could_not_reach_a_checkpoint) {
  TimeBudget budget(1000);
  budget.begin_trial(0);
  budget.observe(at("loading", 0), 0);
  budget.observe(at("training", 1), 20);
  budget.observe(at("training", 2), 22);
  const double need = 20 + 1.5 * (2 + 0.5) + 1;
  EXPECT_DOUBLE_EQ(budget.seconds_to_first_checkpoint(), need);
  EXPECT_TRUE(budget.may_start(1000 - need - 0.1));
  EXPECT_FALSE(budget.may_start(1000 - need));
}

TEST(TimeBudget, what_was_learned_from_one_trial_holds_for_the_next) {
  TimeBudget budget(1000);
  budget.begin_trial(0);
  budget.observe(at("training", 1), 10);
  budget.observe(at("training", 2), 15);
  const double before = budget.seconds_to_stop();
  budget.begin_trial(100);
  budget.observe(at("training", 1), 101);
  budget.observe(at("training", 2), 102);
  EXPECT_DOUBLE_EQ(budget.seconds_to_stop(), before);
  EXPECT_GT(budget.seconds_to_first_checkpoint(), 10);
}

TEST(TimeBudget, an_evaluated_batch_counts_as_a_step) {
  TimeBudget budget(1000);
  budget.begin_trial(0);
  Progress place = at("evaluating", 5);
  budget.observe(place, 0);
  ++place.evaluated_batches;
  budget.observe(place, 8);
  EXPECT_GE(budget.seconds_to_stop(), 1.5 * 8);
}

TEST(TimeBudget, a_group_is_not_started_for_the_last_seconds) {
  EXPECT_TRUE(worth_starting_group(60));
  EXPECT_FALSE(worth_starting_group(2));
  EXPECT_TRUE(worth_starting_group(assumed_seconds_to_first_checkpoint()));
}

}  // namespace
}  // namespace headway
