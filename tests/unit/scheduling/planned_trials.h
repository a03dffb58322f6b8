#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "scheduling/planning/group_planner.h"

namespace headway {

/// A trial that needs `ranks`.
inline SecondsByWidth trial_of_width(int ranks, double seconds) {
  return {.fewest_ranks = ranks, .seconds = {seconds}};
}

/// A trial of `seconds` on one rank that may use up to `shards` ranks and keeps `efficiency` of its
/// speed at each doubling.
inline SecondsByWidth trial(double seconds, int shards = 1, double efficiency = 1) {
  SecondsByWidth waiting;
  for (int width = 1; width <= shards; width *= 2) {
    waiting.seconds.push_back(seconds);
    seconds /= 2 * efficiency;
  }
  return waiting;
}

inline std::vector<SecondsByWidth> trials(int count,
                                          double seconds,
                                          int shards = 1,
                                          double efficiency = 1) {
  return std::vector<SecondsByWidth>(static_cast<std::size_t>(count),
                                     trial(seconds, shards, efficiency));
}

inline std::vector<int> planned_widths(const GroupPlan& plan) {
  std::vector<int> widths(plan.placements.size());
  for (const Placement& placement : plan.placements) widths[placement.trial] = placement.width;
  return widths;
}

inline std::vector<int> ones(std::size_t count) {
  return std::vector<int>(count, 1);
}

inline double work_of(const std::vector<SecondsByWidth>& waiting) {
  return std::accumulate(waiting.begin(), waiting.end(), 0.0, [](double sum, const auto& trial) {
    return sum + trial.slot_seconds();
  });
}

}  // namespace headway
