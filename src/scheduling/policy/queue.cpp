#include "scheduling/policy/queue.h"

#include <algorithm>
#include <tuple>

namespace headway {

TrialQueue::TrialQueue(std::vector<QueuedTrial> trials, int width) {
  std::erase_if(trials, [&](const QueuedTrial& trial) { return !trial.ranks.contains(width); });
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
