// The planner on random instances: against bounds that are known, and against the best there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "scheduling/planning/group_planner.h"
#include "unit/scheduling/planned_trials.h"

namespace headway {
namespace {

/// The best makespan of any order and any widths, on slots that are all free, by trying them all.
/// Placing trials in some order, each as soon as enough slots are free, reaches every best plan.
class Exhaustive {
 public:
  Exhaustive(const std::vector<SecondsByWidth>& waiting, int slots)
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

  const std::vector<SecondsByWidth>& waiting_;
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

  std::vector<SecondsByWidth> waiting(int count, int most_shards) {
    std::vector<SecondsByWidth> waiting;
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
