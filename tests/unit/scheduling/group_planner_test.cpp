#include "scheduling/planning/group_planner.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "unit/scheduling/planned_trials.h"

namespace headway {
namespace {

TEST(GroupPlan, plenty_of_trials_get_one_rank_each) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = trials(40, 10, 8, 0.9)});
  EXPECT_EQ(planned_widths(plan), ones(40));
  EXPECT_EQ(plan.widths_to_start(), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 100);
}

// Two slots, three equal trials: the third alone would take as long as the first two together.
TEST(GroupPlan, the_greatest_numbers_of_ranks_and_groups_are_planned_with) {
  constexpr int kMost = std::numeric_limits<int>::max();
  const GroupPlan plan =
      plan_groups({.limits = {.slots = 4, .ranks = kMost}, .waiting = trials(1, 10, 4, 0.9)});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{4}));
  EXPECT_EQ(group_limits(4, kMost, kMost).slots, kMostRanks);
  EXPECT_EQ(group_limits(4, 3, 2).slots, 6);
}

TEST(GroupPlan, the_odd_trial_at_the_end_gets_both_slots) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 2}, .waiting = trials(3, 10, 2, 0.9)});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{1, 1, 2}));
  EXPECT_NEAR(plan.makespan_seconds, 10 + 10 / 1.8, 1e-9);
  EXPECT_EQ(plan.widths_to_start(), (std::vector<int>{1, 1})) << "the wide one comes last";
}

TEST(GroupPlan, two_trials_that_end_together_are_both_widened) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = trials(6, 10, 4, 0.95)});
  EXPECT_LT(plan.makespan_seconds, 10 + 10 / 1.9 + 1e-9);
}

TEST(GroupPlan, a_trial_that_outlasts_the_others_runs_wide_from_the_start) {
  std::vector<SecondsByWidth> waiting = trials(5, 2, 4, 0.9);
  waiting.insert(waiting.begin(), trial(40, 4, 0.9));
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = waiting});
  EXPECT_GT(planned_widths(plan).front(), 1);
  EXPECT_LT(plan.makespan_seconds, 40 / 1.8 + 1e-9);
  EXPECT_EQ(plan.placements.front().start_seconds, 0);
}

TEST(GroupPlan, ranks_that_gain_nothing_are_not_used) {
  EXPECT_EQ(planned_widths(plan_groups({.limits = {.slots = 2}, .waiting = trials(3, 10, 2, 0.5)})),
            ones(3));
  EXPECT_EQ(planned_widths(plan_groups({.limits = {.slots = 2}, .waiting = trials(1, 10, 2, 0.4)})),
            ones(1));
}

TEST(GroupPlan, a_start_that_costs_more_than_the_ranks_gain_is_not_made) {
  GroupLoad load{.limits = {.slots = 2}, .groups = {{1, 1}, {1, 1}}, .waiting = trials(1, 3, 2)};
  load.start_seconds = 1;
  EXPECT_EQ(planned_widths(plan_groups(load)), (std::vector<int>{2}));
  load.start_seconds = 2;
  EXPECT_EQ(planned_widths(plan_groups(load)), ones(1));
}

TEST(GroupPlan, a_small_gain_is_not_worth_a_change) {
  GroupLoad load{.limits = {.slots = 2}, .waiting = trials(1, 10, 2, 0.52)};
  EXPECT_EQ(planned_widths(plan_groups(load)), (std::vector<int>{2}));
  load.least_gain = 0.05;
  EXPECT_EQ(planned_widths(plan_groups(load)), ones(1));
}

TEST(GroupPlan, shards_bound_the_width) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 8}, .waiting = trials(2, 10, 2)});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{2, 2}));
  EXPECT_EQ(plan.widths_to_start(), (std::vector<int>{2, 2}));
}

TEST(GroupPlan, widths_are_mixed_where_that_ends_soonest) {
  std::vector<SecondsByWidth> waiting{trial(10, 4, 0.8), trial(4, 4, 0.8), trial(4, 4, 0.8)};
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = waiting});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{2, 1, 1}));
}

TEST(GroupPlan, groups_that_run_are_waited_for_and_not_moved) {
  const GroupPlan plan =
      plan_groups({.limits = {.slots = 2}, .groups = {{1, 6}, {1, 2}}, .waiting = trials(1, 4, 1)});
  ASSERT_EQ(plan.placements.size(), 1U);
  EXPECT_EQ(plan.placements[0].start_seconds, 2);
  EXPECT_FALSE(plan.placements[0].needs_new_group);
  EXPECT_EQ(plan.makespan_seconds, 6);
}

TEST(GroupPlan, a_long_trial_waits_for_the_slots_that_make_it_shorter) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 2},
                                      .groups = {{1, 1}, {1, 2}},
                                      .waiting = trials(1, 60, 2, 0.9),
                                      .start_seconds = 1});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{2}));
  EXPECT_EQ(plan.placements[0].start_seconds, 2);
  EXPECT_TRUE(plan.widths_to_start().empty()) << "not before both slots are free";
  EXPECT_NEAR(plan.makespan_seconds, 2 + 1 + 60 / 1.8, 1e-9);
}

TEST(GroupPlan, groups_on_other_allocations_take_trials_too) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 1},
                                      .groups = {{1, 5}, {1, 1, /*is_ours=*/false}},
                                      .waiting = trials(1, 4)});
  EXPECT_FALSE(plan.placements[0].is_ours);
  EXPECT_EQ(plan.makespan_seconds, 5);
  EXPECT_TRUE(plan.widths_to_start().empty());
}

TEST(GroupPlan, a_fixed_width_is_kept_where_the_shards_allow) {
  const GroupLimits limits{.slots = 8, .ranks = 2};
  const GroupPlan plan = plan_groups({.limits = limits, .waiting = trials(9, 10, 4, 0.6)});
  EXPECT_EQ(plan.widths_to_start(), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(planned_widths(plan), std::vector<int>(9, 2));
  EXPECT_EQ(
      plan_groups({.limits = {.slots = 2, .ranks = 2}, .waiting = trials(9, 1)}).widths_to_start(),
      (std::vector<int>{1, 1}));
}

TEST(GroupPlan, no_more_groups_than_asked_for_each_with_its_share_of_the_slots) {
  const GroupLimits limits{.slots = 8, .max_groups = 2};
  EXPECT_EQ(plan_groups({.limits = limits, .waiting = trials(50, 1)}).widths_to_start(),
            (std::vector<int>{1, 1}));
  EXPECT_EQ(plan_groups({.limits = limits, .waiting = trials(50, 1, 4)}).widths_to_start(),
            (std::vector<int>{4, 4}));
  EXPECT_EQ(plan_groups({.limits = limits, .waiting = trials(50, 1, 4, 0.4)}).widths_to_start(),
            (std::vector<int>{1, 1}));
}

TEST(GroupPlan, a_trial_gets_the_ranks_that_it_needs_beside_others_of_one_rank) {
  std::vector<SecondsByWidth> waiting = trials(4, 5);
  waiting.insert(waiting.begin(), trial_of_width(4, 10));
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = waiting});
  EXPECT_EQ(planned_widths(plan), (std::vector<int>{4, 1, 1, 1, 1}));
  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 15);
  EXPECT_EQ(planned_widths(plan_groups({.limits = {.slots = 4, .ranks = 2}, .waiting = waiting})),
            (std::vector<int>{4, 1, 1, 1, 1}));
  EXPECT_EQ(
      planned_widths(plan_groups({.limits = {.slots = 4, .max_groups = 2}, .waiting = waiting})),
      (std::vector<int>{4, 1, 1, 1, 1}));
}

TEST(GroupPlan, trials_too_many_to_place_count_with_all_their_slots) {
  GroupLoad load{.limits = {.slots = 4}};
  set_waiting(load, std::vector<SecondsByWidth>(128 + 3, trial_of_width(2, 10)));
  EXPECT_EQ(load.waiting.size(), 128U);
  EXPECT_DOUBLE_EQ(load.later_seconds, 3 * 2 * 10);
}

TEST(GroupPlan, nothing_is_started_when_nothing_waits) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .groups = {{1, 3}}});
  EXPECT_TRUE(plan.placements.empty());
  EXPECT_EQ(plan.makespan_seconds, 3);
}

TEST(GroupPlan, trials_that_are_starting_get_their_group_only_once) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 4},
                                      .groups = {{1, 0.9}},
                                      .waiting = trials(1, 10, 1),
                                      .start_seconds = 1});
  EXPECT_TRUE(plan.widths_to_start().empty());
}

TEST(GroupPlan, work_that_is_not_placed_one_by_one_fills_the_slots) {
  const GroupPlan plan =
      plan_groups({.limits = {.slots = 2}, .waiting = trials(2, 10, 2, 0.9), .later_seconds = 100});
  EXPECT_EQ(planned_widths(plan), ones(2));
  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 60);
}

TEST(Offers, one_rank_does_not_take_a_slot_that_a_wider_group_waits_for) {
  GroupPlan plan;
  plan.placements = {
      {.trial = 0, .width = 1, .start_seconds = 0},
      {.trial = 1, .width = 2, .start_seconds = 3, .needs_new_group = true},
      {.trial = 2, .width = 1, .start_seconds = 4},
      {.trial = 3, .width = 2, .start_seconds = 9},
  };
  std::vector<std::size_t> offered;
  for (const Placement& placement : offered_placements(plan)) offered.push_back(placement.trial);
  EXPECT_EQ(offered, (std::vector<std::size_t>{0, 1, 3}));
}

}  // namespace
}  // namespace headway
