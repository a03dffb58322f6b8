#pragma once

#include <cstddef>
#include <vector>

#include "scheduling/planning/group_planner.h"

namespace headway {

/// When each slot of an allocation is free, while trials are placed on it one after the other: each
/// on the group that ends it soonest, a standing one of its width or a new one.
class SlotTimeline {
 public:
  explicit SlotTimeline(const GroupLoad& load);

  /// All of the result but `trial`.
  Placement place(int width, double seconds);

  /// When all is done, with so much work on single ranks poured over the slots besides.
  double end_seconds(double further_work) const;

 private:
  struct Lane {
    int width = 1;
    double free_at = 0;
    bool is_ours = true;
    std::vector<std::size_t> slots = {};
    bool stands = true;  // until another group takes one of its slots
  };

  Lane* soonest_lane(int width);
  /// The slots that are free first, `count` of them.
  std::vector<std::size_t> first_free(std::size_t count) const;
  void add_lane(int width, double free_at, std::vector<std::size_t> slots);
  double free_at(std::size_t slot) const;

  double start_seconds_;
  int slots_per_group_;
  std::vector<int> lane_of_slot_;  // -1: none yet
  std::vector<Lane> lanes_;
};

}  // namespace headway
