#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "scheduling/planning/group_assignments.h"
#include "scheduling/planning/group_planner.h"
#include "sweep/snapshot.h"

namespace headway {

/// A group of this supervisor's.
struct OwnGroup {
  std::string name;
  int width = 1;
  double age_seconds = 0;
};

/// Decides for one supervisor which groups to start, and assigns them the trials that they are to
/// take. It looks at the whole sweep, other supervisors' groups included, but starts and
/// assigns for its own groups alone.
class GroupSchedule {
 public:
  GroupSchedule(const std::filesystem::path& sweep_directory,
                const SupervisorId& supervisor,
                GroupLimits limits);

  /// From now on at most `count` groups side by side. False when there were no more before.
  bool limit_groups(int count);
  /// Plans anew, from the last look at the sweep.
  void plan(const SweepSnapshot& snapshot, const std::vector<OwnGroup>& own);
  /// Of the groups to start now.
  std::vector<int> widths_to_start() const { return plan_.widths_to_start(); }
  /// Publishes what the plan means for groups that look for a trial.
  void publish(const SweepSnapshot& snapshot);

  /// Predicted time until all is done; absent when nothing is left.
  std::optional<double> remaining_seconds() const;

 private:
  int width_of_others() const;

  GroupLimits limits_;
  AssignmentFile file_;
  GroupPlan plan_;
  bool anything_left_ = false;
};

}  // namespace headway
