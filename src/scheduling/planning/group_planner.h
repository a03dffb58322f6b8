#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "scheduling/planning/seconds_by_width.h"

namespace headway {

/// What an allocation offers to worker groups.
struct GroupLimits {
  int slots = 1;                       // ranks that fit side by side
  std::optional<int> ranks = {};       // of every group; absent: as the load asks for
  std::optional<int> max_groups = {};  // side by side
};

/// Slots as cores or GPUs give them; more when the user asks for more groups than would fit.
GroupLimits group_limits(int slots, std::optional<int> ranks, std::optional<int> max_groups);

/// Slots that a group takes up: with a bounded number of groups, its share of all.
int slots_of_a_group(const GroupLimits& limits);

/// A worker group that runs.
struct StandingGroup {
  int width = 1;
  double free_in_seconds = 0;  // until it takes its next trial
  bool is_ours = true;         // stands on the slots that are planned; else on another allocation
};

struct GroupLoad {
  GroupLimits limits = {};
  std::vector<StandingGroup> groups = {};
  std::vector<SecondsByWidth> waiting = {};  // trials that no group works on, longest first
  double later_seconds = 0;  // slot-seconds of still shorter trials, too many to place one by one
  double start_seconds = 0;  // that a new group takes before it trains
  /// Wider groups must shorten the rest by so great a part of it: predictions are not exact.
  double least_gain = 0;
};

/// Puts trials, longest first, into `load`: so many that the plan is good to the end when few are
/// left, the rest as a sum, so that planning stays cheap however many there are.
void set_waiting(GroupLoad& load, std::vector<SecondsByWidth> longest_first);

/// A waiting trial's place in the plan.
struct Placement {
  std::size_t trial = 0;  // in GroupLoad::waiting
  int width = 1;
  double start_seconds = 0;  // from now; before the start-up of a new group
  double end_seconds = 0;
  bool needs_new_group = false;
  bool is_ours = true;  // else left to a group on another allocation
};

struct GroupPlan {
  std::vector<Placement> placements;  // by start
  double makespan_seconds = 0;        // from now until all is done

  /// Widths of the groups to start at once.
  std::vector<int> widths_to_start() const;
};

/// Which trial should run when and how wide, so that all are done soonest. Small models do not get
/// faster in proportion to ranks, so trials have as few ranks as they can do with, mostly one,
/// unless wider groups end the whole sooner, which they do when few trials are left for the slots,
/// or one trial outlasts the others. Nothing that runs is moved.
///
/// Starting from the fewest ranks each (longest first; with one rank each hence within
/// 4/3 - 1/(3 slots) of the best without wider groups), it widens again and again the trial that
/// ends last, keeps the best plan seen and then tries single changes.
GroupPlan plan_groups(const GroupLoad& load);

/// What workers may be told of a plan: how wide a trial is to run, if it may be taken now.
/// A trial on one rank that would keep a slot from a wider group that is still to be started must
/// wait.
std::vector<Placement> offered_placements(const GroupPlan& plan);

}  // namespace headway
