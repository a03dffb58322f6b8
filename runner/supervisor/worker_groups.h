#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/launch.h"
#include "runner/supervisor/group_schedule.h"
#include "runner/supervisor/sweep_watch.h"
#include "scheduling/supervisors.h"

namespace headway {

/// A group that has ended.
struct EndedGroup {
  std::string name;
  ProcessEnd end;
  double lifetime_seconds = 0;
  bool was_hung = false;  // and was killed for that
};

/// The worker groups that one supervisor has running, and the GPUs that they hold.
class WorkerGroups {
 public:
  /// `pattern`: what all groups have in common. `gpus`: of this allocation; empty on CPUs.
  WorkerGroups(const SupervisorPresence& presence, GroupSpec pattern, std::vector<int> gpus);

  void start(int width);
  /// Those that have ended since the last call.
  std::vector<EndedGroup> reap();
  /// Kills groups that have not come forward for `patience_seconds`: same trial, same place.
  void kill_hung(const std::vector<WatchedTrial>& running, double patience_seconds);
  void ask_to_yield();
  void kill_all();

  bool empty() const { return groups_.empty(); }
  std::vector<OwnGroup> standing() const;
  /// How many were started so far.
  int started() const { return started_; }

 private:
  struct Group {
    GroupSpec spec;
    ChildProcess process;
    double started_at = 0;
    std::string trial_id = {};  // at work on, as seen last
    Progress place = {};
    double came_forward_at = 0;
    bool is_hung = false;
  };

  std::vector<int> take_gpus(int count);

  const SupervisorPresence& presence_;
  GroupSpec pattern_;
  std::vector<int> free_gpus_;
  int started_ = 0;
  std::vector<Group> groups_;
};

}  // namespace headway
