// The planner and its offers at work: a small simulation of one supervisor, which plans at each
// event, and of groups that take what is offered when they come for a trial.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "scheduling/planning/group_planner.h"

namespace headway {
namespace {

constexpr double kStart = 1.5;

struct SimulatedTrial {
  std::vector<double> seconds;  // true ones, by width
  double error = 1;             // predicted / true
};

struct SimulatedGroup {
  int width = 1;
  double free_at = 0;  // comes for a trial then
};

class Simulation {
 public:
  Simulation(std::vector<SimulatedTrial> trials, int slots)
      : trials_(std::move(trials)), slots_(slots), waiting_(trials_.size()) {
    for (std::size_t i = 0; i < waiting_.size(); ++i) waiting_[i] = i;
    std::sort(waiting_.begin(), waiting_.end(), [&](std::size_t a, std::size_t b) {
      return predicted(a, 0) > predicted(b, 0);
    });
  }

  /// The time at which all trials are done.
  double run() {
    plan_and_start();
    while (!groups_.empty()) {
      const auto next = std::min_element(
          groups_.begin(), groups_.end(), [](const SimulatedGroup& a, const SimulatedGroup& b) {
            return a.free_at < b.free_at;
          });
      now_ = next->free_at;
      if (const auto trial = take(next->width)) {
        next->free_at = now_ + trials_[*trial].seconds[exponent(next->width)];
        end_ = std::max(end_, next->free_at);
      } else {
        groups_.erase(next);
      }
      plan_and_start();
    }
    EXPECT_TRUE(waiting_.empty()) << "every trial is taken in the end";
    return end_;
  }

 private:
  static std::size_t exponent(int width) { return static_cast<std::size_t>(std::log2(width)); }
  double predicted(std::size_t trial, std::size_t k) const {
    return trials_[trial].seconds[k] * trials_[trial].error;
  }

  GroupPlan plan() const {
    GroupLoad load{.limits = {.slots = slots_}, .start_seconds = kStart, .least_gain = 0.03};
    for (const SimulatedGroup& group : groups_) {
      load.groups.push_back({group.width, std::max(0.05, group.free_at - now_)});
    }
    for (const std::size_t trial : waiting_) {
      SecondsByWidth waiting;
      for (std::size_t k = 0; k < trials_[trial].seconds.size(); ++k) {
        waiting.seconds.push_back(predicted(trial, k));
      }
      load.waiting.push_back(waiting);
    }
    return plan_groups(load);
  }

  void plan_and_start() {
    for (const int width : plan().widths_to_start()) groups_.push_back({width, now_ + kStart});
    int used = 0;
    for (const SimulatedGroup& group : groups_) used += group.width;
    EXPECT_LE(used, slots_);
  }

  std::optional<std::size_t> take(int width) {
    for (const Placement& placement : offered_placements(plan())) {
      if (placement.width != width) continue;
      const std::size_t trial = waiting_[placement.trial];
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(placement.trial));
      return trial;
    }
    return std::nullopt;
  }

  std::vector<SimulatedTrial> trials_;
  int slots_;
  std::vector<std::size_t> waiting_;  // longest predicted first
  std::vector<SimulatedGroup> groups_;
  double now_ = 0;
  double end_ = 0;
};

std::vector<SimulatedTrial> random_trials(std::mt19937& random, int count, double error) {
  std::uniform_real_distribution<> exponent(0, 4);
  std::uniform_real_distribution<> wrong(-error, error);
  std::vector<SimulatedTrial> trials(static_cast<std::size_t>(count));
  for (SimulatedTrial& trial : trials) {
    double seconds = 5 * std::exp(exponent(random));
    const int shards = 1 << std::uniform_int_distribution<>(0, 2)(random);
    for (int width = 1; width <= shards; width *= 2, seconds /= 1.8) {
      trial.seconds.push_back(seconds);
    }
    trial.error = std::exp(wrong(random));
  }
  return trials;
}

/// Longest first on single ranks.
double narrow_makespan(const std::vector<SimulatedTrial>& trials, int slots) {
  std::vector<double> seconds;
  for (const SimulatedTrial& trial : trials) seconds.push_back(trial.seconds.front());
  std::sort(seconds.rbegin(), seconds.rend());
  std::vector<double> free_at(static_cast<std::size_t>(slots), kStart);
  for (const double trial : seconds) *std::min_element(free_at.begin(), free_at.end()) += trial;
  return *std::max_element(free_at.begin(), free_at.end());
}

TEST(OffersPolicy, three_equal_trials_on_two_slots_take_their_turn_at_once_then_together) {
  const double end = Simulation({{{20, 11}}, {{20, 11}}, {{20, 11}}}, 2).run();
  EXPECT_NEAR(end, kStart + 20 + kStart + 11, 1e-9);
}

TEST(OffersPolicy, with_exact_predictions_a_sweep_ends_no_later_than_on_single_ranks) {
  std::mt19937 random(1);
  double gained = 0;
  constexpr int kSweeps = 60;
  for (int i = 0; i < kSweeps; ++i) {
    const int slots = std::uniform_int_distribution<>(1, 8)(random);
    const auto trials = random_trials(random, std::uniform_int_distribution<>(1, 24)(random), 0);
    const double narrow = narrow_makespan(trials, slots);
    const double end = Simulation(trials, slots).run();
    EXPECT_LE(end, narrow * 1.001 + kStart) << "sweep " << i;
    gained += 1 - end / narrow;
  }
  EXPECT_GT(gained / kSweeps, 0.1) << "wider groups at the end are worth their trouble";
}

TEST(OffersPolicy, wrong_predictions_cost_little_and_lose_no_trial) {
  std::mt19937 random(2);
  for (int i = 0; i < 25; ++i) {
    const int slots = std::uniform_int_distribution<>(2, 8)(random);
    const auto trials = random_trials(random, 24, /*error=*/0.4);  // up to 1.5x off
    EXPECT_LE(Simulation(trials, slots).run(), 1.5 * narrow_makespan(trials, slots) + kStart)
        << "sweep " << i;
  }
}

}  // namespace
}  // namespace headway
