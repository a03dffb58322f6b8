#include "scheduling/group_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace headway {
namespace {

/// A trial of `seconds` on one rank that may use up to `shards` ranks and keeps `efficiency` of its
/// speed at each doubling.
WaitingTrial trial(double seconds, int shards = 1, double efficiency = 1) {
  WaitingTrial waiting;
  for (int width = 1; width <= shards; width *= 2) {
    waiting.seconds.push_back(seconds);
    seconds /= 2 * efficiency;
  }
  return waiting;
}

std::vector<WaitingTrial> trials(int count, double seconds, int shards = 1, double efficiency = 1) {
  return std::vector<WaitingTrial>(static_cast<std::size_t>(count),
                                   trial(seconds, shards, efficiency));
}

std::vector<int> planned_widths(const GroupPlan& plan) {
  std::vector<int> widths(plan.placements.size());
  for (const Placement& placement : plan.placements) widths[placement.trial] = placement.width;
  return widths;
}

std::vector<int> ones(std::size_t count) {
  return std::vector<int>(count, 1);
}

double work_of(const std::vector<WaitingTrial>& waiting) {
  return std::accumulate(waiting.begin(), waiting.end(), 0.0, [](double sum, const auto& trial) {
    return sum + trial.seconds.front();
  });
}

TEST(GroupPlan, plenty_of_trials_get_one_rank_each) {
  const GroupPlan plan = plan_groups({.limits = {.slots = 4}, .waiting = trials(40, 10, 8, 0.9)});
  EXPECT_EQ(planned_widths(plan), ones(40));
  EXPECT_EQ(plan.widths_to_start(), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 100);
}

// Two slots, three equal trials: the third alone would take as long as the first two together.
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
  std::vector<WaitingTrial> waiting = trials(5, 2, 4, 0.9);
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
  std::vector<WaitingTrial> waiting{trial(10, 4, 0.8), trial(4, 4, 0.8), trial(4, 4, 0.8)};
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

// ---- Against references that know nothing of the planner.

/// The best makespan of any order and any widths, on slots that are all free, by trying them all.
/// Placing trials in some order, each as soon as enough slots are free, reaches every best plan.
class Exhaustive {
 public:
  Exhaustive(const std::vector<WaitingTrial>& waiting, int slots)
      : waiting_(waiting), slots_(slots) {}

  double best() {
    place(std::vector<double>(static_cast<std::size_t>(slots_), 0.0), 0);
    return best_;
  }

 private:
  void place(const std::vector<double>& free_at, unsigned placed) {
    const double end = *std::max_element(free_at.begin(), free_at.end());
    if (end >= best_) return;
    if (placed + 1 == 1U << waiting_.size()) {
      best_ = end;
      return;
    }
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if ((placed >> i & 1U) != 0) continue;
      for (std::size_t k = 0; k < waiting_[i].seconds.size() && 1 << k <= slots_; ++k) {
        std::vector<double> next = free_at;
        std::sort(next.begin(), next.end());
        const std::size_t width = std::size_t{1} << k;
        const double end_of_trial = next[width - 1] + waiting_[i].seconds[k];
        std::fill_n(next.begin(), width, end_of_trial);
        place(next, placed | 1U << i);
      }
    }
  }

  const std::vector<WaitingTrial>& waiting_;
  int slots_;
  double best_ = std::numeric_limits<double>::infinity();
};

class Instances {
 public:
  explicit Instances(unsigned seed) : random_(seed) {}

  int whole(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }
  double real(double low, double high) {
    return std::uniform_real_distribution<>(low, high)(random_);
  }

  std::vector<WaitingTrial> waiting(int count, int most_shards) {
    std::vector<WaitingTrial> waiting;
    for (int i = 0; i < count; ++i) {
      const int shards = 1 << whole(0, static_cast<int>(std::log2(most_shards)));
      waiting.push_back(trial(std::exp(real(0, 3)), shards, real(0.5, 1)));
    }
    std::sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) {
      return a.seconds.front() > b.seconds.front();
    });
    return waiting;
  }

 private:
  std::mt19937 random_;
};

TEST(GroupPlanProperties, with_one_rank_each_the_plan_is_within_the_bound_of_longest_first) {
  Instances instances(1);
  for (int i = 0; i < 100; ++i) {
    const int slots = instances.whole(2, 3);
    const auto waiting = instances.waiting(instances.whole(1, 6), 1);
    const double planned =
        plan_groups({.limits = {.slots = slots}, .waiting = waiting}).makespan_seconds;
    const double best = Exhaustive(waiting, slots).best();
    EXPECT_GE(planned, best - 1e-9);
    EXPECT_LE(planned, best * (4.0 / 3 - 1.0 / (3 * slots)) + 1e-9) << "instance " << i;
  }
}

TEST(GroupPlanProperties, with_free_widths_the_plan_comes_near_the_best_there_is) {
  Instances instances(2);
  double sum = 0;
  constexpr int kInstances = 150;
  for (int i = 0; i < kInstances; ++i) {
    const int slots = instances.whole(2, 4);
    const auto waiting = instances.waiting(instances.whole(1, 5), 4);
    const double planned =
        plan_groups({.limits = {.slots = slots}, .waiting = waiting}).makespan_seconds;
    const double ratio = planned / Exhaustive(waiting, slots).best();
    EXPECT_GE(ratio, 1 - 1e-9) << "instance " << i;
    EXPECT_LE(ratio, 1.25) << "instance " << i;
    sum += ratio;
  }
  EXPECT_LE(sum / kInstances, 1.02);
}

/// No slot holds two trials at once, and all widths are such as the trials allow.
void expect_sound(const GroupPlan& plan, const GroupLoad& load) {
  ASSERT_EQ(plan.placements.size(), load.waiting.size());
  std::vector<std::pair<double, int>> changes;
  for (const StandingGroup& group : load.groups) {
    changes.emplace_back(0, group.width);
    changes.emplace_back(group.free_in_seconds, -group.width);
  }
  std::vector<bool> seen(load.waiting.size(), false);
  for (const Placement& placement : plan.placements) {
    EXPECT_FALSE(seen[placement.trial]) << "placed twice";
    seen[placement.trial] = true;
    const auto exponent = static_cast<std::size_t>(std::log2(placement.width));
    ASSERT_LT(exponent, load.waiting[placement.trial].seconds.size());
    const double start = placement.needs_new_group ? load.start_seconds : 0;
    EXPECT_NEAR(placement.end_seconds - placement.start_seconds - start,
                load.waiting[placement.trial].seconds[exponent],
                1e-9);
    changes.emplace_back(placement.start_seconds, placement.width);
    changes.emplace_back(placement.end_seconds, -placement.width);
    EXPECT_LE(placement.end_seconds, plan.makespan_seconds + 1e-9);
  }
  std::sort(changes.begin(), changes.end());  // at one time, ends come before starts
  int used = 0;
  for (const auto& [at, change] : changes) EXPECT_LE(used += change, load.limits.slots) << at;
}

TEST(GroupPlanProperties, plans_are_sound_and_never_end_later_than_with_one_rank_each) {
  Instances instances(3);
  for (int i = 0; i < 200; ++i) {
    GroupLoad load{.limits = {.slots = instances.whole(1, 12)}};
    for (int left = load.limits.slots; left > 0 && instances.whole(0, 3) > 0;) {
      const int width = std::min(left, 1 << instances.whole(0, 2));
      if ((width & (width - 1)) != 0) break;
      load.groups.push_back({width, instances.real(0.1, 10)});
      left -= width;
    }
    load.waiting = instances.waiting(instances.whole(0, 20), 8);
    load.start_seconds = instances.real(0, 2);
    const GroupPlan plan = plan_groups(load);
    expect_sound(plan, load);
    load.limits.ranks = 1;
    EXPECT_LE(plan.makespan_seconds, plan_groups(load).makespan_seconds + 1e-9) << "instance " << i;
    EXPECT_GE(plan.makespan_seconds * load.limits.slots, work_of(load.waiting) - 1e-9);
  }
}

TEST(GroupPlanProperties, a_plan_of_many_trials_on_many_slots_takes_milliseconds) {
  Instances instances(4);
  const auto waiting = instances.waiting(128, 8);
  const GroupPlan plan = plan_groups({.limits = {.slots = 64}, .waiting = waiting});
  EXPECT_EQ(plan.placements.size(), 128U);
}

}  // namespace
}  // namespace headway
