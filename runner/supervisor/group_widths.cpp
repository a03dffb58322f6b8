#include "runner/supervisor/group_widths.h"

#include <algorithm>
#include <numeric>

#include "scheduling/queue.h"

namespace headway {

GroupLimits group_limits(int slots, std::optional<int> ranks, std::optional<int> max_groups) {
  const int asked = max_groups.value_or(1) * ranks.value_or(1);
  return {std::max({1, slots, asked}), ranks, max_groups};
}

std::optional<int> next_group_width(const GroupLimits& limits, const GroupLoad& load) {
  const int used = std::accumulate(load.widths.begin(), load.widths.end(), 0);
  const int free = limits.slots - used;
  const int running = static_cast<int>(load.widths.size());
  const int groups_left = limits.max_groups.value_or(limits.slots) - running;
  // Each group that is still starting will take one of the waiting trials, from the front.
  const int waiting = static_cast<int>(load.waiting.size()) - load.unclaimed_groups;
  if (free <= 0 || groups_left <= 0 || waiting <= 0) return std::nullopt;
  const WaitingTrial& trial = load.waiting[static_cast<std::size_t>(load.unclaimed_groups)];
  if (limits.ranks) {
    const int width = widest_fitting(trial.shards, *limits.ranks);
    return width <= free ? std::optional(width) : std::nullopt;
  }
  const int share = free / std::min({waiting, groups_left, free});
  return widest_fitting(trial.shards, share);
}

}  // namespace headway
