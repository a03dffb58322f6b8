#include "scheduling/policy/queue.h"

#include <algorithm>
#include <tuple>

#include "base/errors.h"

namespace headway {

bool width_fits(int width, std::int64_t shards) {
  expects(width >= 1, "a group has at least one rank");
  return shards % width == 0;
}

int widest_fitting(std::int64_t shards, int slots) {
  int width = 1;
  while (width * 2 <= slots && width_fits(width * 2, shards)) width *= 2;
  return width;
}

TrialQueue::TrialQueue(std::vector<QueuedTrial> trials, int width) {
  std::erase_if(trials, [&](const QueuedTrial& trial) { return !width_fits(width, trial.shards); });
  std::sort(trials.begin(), trials.end(), [](const QueuedTrial& a, const QueuedTrial& b) {
    return std::tie(b.predicted_seconds, a.index) < std::tie(a.predicted_seconds, b.index);
  });
  order_.reserve(trials.size());
  for (const QueuedTrial& trial : trials) order_.push_back(trial.index);
}

std::optional<std::size_t> TrialQueue::first(
    const std::function<Verdict(std::size_t index)>& judge) {
  std::optional<std::size_t> taken;
  auto kept = order_.begin();
  auto seen = order_.begin();
  for (; seen != order_.end() && !taken; ++seen) {
    const Verdict verdict = judge(*seen);
    if (verdict == Verdict::kTake) taken = *seen;
    if (verdict != Verdict::kNever) *kept++ = *seen;
  }
  // Moving the rest up costs a copy of the tail; while nothing was forgotten there is nothing to
  // move.
  if (kept != seen) order_.erase(kept, seen);
  return taken;
}

}  // namespace headway
