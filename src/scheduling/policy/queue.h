#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "config/schema/rank_range.h"

namespace headway {

struct QueuedTrial {
  std::size_t index = 0;  // place in the plan
  double predicted_seconds = 0;
  RankRange ranks = {};
};

/// What a look at the records says about taking a trial.
enum class Verdict {
  kTake,
  kNotNow,  // claimed, or failed for good: may change
  kNever,   // done
};

/// The order in which one group looks at a sweep's trials: longest predicted first, so that no long
/// one starts when the others are through; ties in plan order. Trials that do not fit the group's
/// width are left out. Every group sees the same order, and what is done is forgotten, so that the
/// next trial stands near the front however many there are.
class TrialQueue {
 public:
  TrialQueue(std::vector<QueuedTrial> trials, int width);

  /// The first trial that `judge` (called with its place in the plan) says to take. It stays
  /// queued.
  std::optional<std::size_t> first(const std::function<Verdict(std::size_t index)>& judge);

  std::size_t size() const { return order_.size(); }

 private:
  std::vector<std::size_t> order_;
};

}  // namespace headway
