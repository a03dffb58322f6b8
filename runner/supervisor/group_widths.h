#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace headway {

/// What an allocation offers to worker groups.
struct GroupLimits {
  int slots = 1;                       // ranks that fit side by side
  std::optional<int> ranks = {};       // of every group; absent: as the load asks for
  std::optional<int> max_groups = {};  // side by side
};

/// Slots as cores or GPUs give them; more when the user asks for more groups than would fit.
GroupLimits group_limits(int slots, std::optional<int> ranks, std::optional<int> max_groups);

/// A trial that no group works on.
struct WaitingTrial {
  double predicted_seconds = 0;
  std::int64_t shards = 1;
};

struct GroupLoad {
  std::vector<int> widths = {};            // of the groups that run
  int unclaimed_groups = 0;                // of these, those that have no trial yet
  std::vector<WaitingTrial> waiting = {};  // longest first
};

/// The width of the group to start next; nothing when slots or trials are used up. Small models do
/// not get faster in proportion to ranks, so groups have one rank while trials are plenty; when
/// fewer trials wait than slots are free, the slots are shared out among them as far as their
/// shards allow.
std::optional<int> next_group_width(const GroupLimits& limits, const GroupLoad& load);

}  // namespace headway
