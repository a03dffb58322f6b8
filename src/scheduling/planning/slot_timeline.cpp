#include "scheduling/planning/slot_timeline.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace headway {

SlotTimeline::SlotTimeline(const GroupLoad& load)
    : start_seconds_(load.start_seconds), slots_per_group_(slots_of_a_group(load.limits)) {
  const GroupLimits& limits = load.limits;
  const int slots = limits.max_groups
                        ? std::min(limits.slots, slots_per_group_ * *limits.max_groups)
                        : limits.slots;
  lane_of_slot_.assign(static_cast<std::size_t>(slots), -1);
  for (const StandingGroup& group : load.groups) {
    if (!group.is_ours) {
      lanes_.push_back({.width = group.width, .free_at = group.free_in_seconds, .is_ours = false});
      continue;
    }
    std::vector<std::size_t> taken;
    const auto wanted = static_cast<std::size_t>(std::max(group.width, slots_per_group_));
    for (std::size_t slot = 0; slot < lane_of_slot_.size() && taken.size() < wanted; ++slot) {
      if (lane_of_slot_[slot] < 0) taken.push_back(slot);
    }
    add_lane(group.width, group.free_in_seconds, std::move(taken));
  }
}

double SlotTimeline::free_at(std::size_t slot) const {
  const int lane = lane_of_slot_[slot];
  return lane < 0 ? 0 : lanes_[static_cast<std::size_t>(lane)].free_at;
}

void SlotTimeline::add_lane(int width, double free_at, std::vector<std::size_t> slots) {
  for (const std::size_t slot : slots) {
    int& lane = lane_of_slot_[slot];
    if (lane >= 0) lanes_[static_cast<std::size_t>(lane)].stands = false;
    lane = static_cast<int>(lanes_.size());
  }
  lanes_.push_back({.width = width, .free_at = free_at, .slots = std::move(slots)});
}

SlotTimeline::Lane* SlotTimeline::soonest_lane(int width) {
  Lane* soonest = nullptr;
  for (Lane& lane : lanes_) {
    if (!lane.stands || lane.width != width) continue;
    if (soonest == nullptr || lane.free_at < soonest->free_at) soonest = &lane;
  }
  return soonest;
}

std::vector<std::size_t> SlotTimeline::first_free(std::size_t count) const {
  std::vector<std::size_t> slots(lane_of_slot_.size());
  std::iota(slots.begin(), slots.end(), std::size_t{0});
  const auto end = slots.begin() + static_cast<std::ptrdiff_t>(std::min(count, slots.size()));
  std::partial_sort(slots.begin(), end, slots.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(free_at(a), a) < std::pair(free_at(b), b);
  });
  slots.erase(end, slots.end());
  return slots;
}

Placement SlotTimeline::place(int width, double seconds) {
  std::vector<std::size_t> slots =
      first_free(static_cast<std::size_t>(std::max(width, slots_per_group_)));
  const double new_start = slots.empty() ? 0 : free_at(slots.back());
  const double new_end = new_start + start_seconds_ + seconds;
  Lane* const lane = soonest_lane(width);
  if (lane != nullptr && lane->free_at + seconds <= new_end) {
    const double start = std::exchange(lane->free_at, lane->free_at + seconds);
    return {.width = width,
            .start_seconds = start,
            .end_seconds = lane->free_at,
            .is_ours = lane->is_ours};
  }
  add_lane(width, new_end, std::move(slots));
  return {
      .width = width, .start_seconds = new_start, .end_seconds = new_end, .needs_new_group = true};
}

double SlotTimeline::end_seconds(double further_work) const {
  double last = 0;
  double busy = 0;
  double count = 0;
  for (std::size_t slot = 0; slot < lane_of_slot_.size(); ++slot) {
    busy += free_at(slot);
    last = std::max(last, free_at(slot));
    ++count;
  }
  for (const Lane& lane : lanes_) {
    if (lane.is_ours) continue;
    last = std::max(last, lane.free_at);
    busy += lane.free_at * lane.width;
    count += lane.width;
  }
  if (further_work <= 0) return last;
  return std::max(last, (busy + further_work) / std::max(count, 1.0));
}

}  // namespace headway
