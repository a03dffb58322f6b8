#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "cluster/launcher.h"
#include "runner/supervisor/group_schedule.h"
#include "runner/supervisor/rank_activity.h"
#include "scheduling/claims/awake_clock.h"
#include "scheduling/claims/supervisors.h"
#include "scheduling/policy/trial_pace.h"
#include "sweep/snapshot.h"

namespace headway {

/// A group that has ended.
struct EndedGroup {
  std::string name;
  ProcessEnd end;
  double lifetime_seconds = 0;
  bool was_hung = false;       // and was killed for that
  std::string hang = {};       // what was seen then
  std::int64_t oom_kills = 0;  // by the kernel, while it lived
  MemoryUse memory = {};       // of all its ranks: before the first step, and the most
};

/// The worker groups that one supervisor has running.
class WorkerGroups {
 public:
  /// `pattern`: what all groups have in common. Both references must outlive this.
  WorkerGroups(const SupervisorPresence& presence, Launcher& launcher, GroupSpec pattern);

  /// With `time_limit_seconds`, the group leaves in order before they are over.
  void start(int width, std::optional<double> time_limit_seconds = {});
  /// Those that have ended since the last call.
  std::vector<EndedGroup> reap();
  /// Follows how groups come forward. One that stands still for longer than its own pace allows, at
  /// most `hang_seconds`, is hung: what its ranks do is written to its log, their stacks too, then
  /// it is killed.
  void watch(const std::vector<RunningTrial>& running, double hang_seconds);
  void ask_to_yield();
  /// Kills those whose ranks have not come into being: they have nothing to save, and nobody hears.
  void kill_without_ranks();
  void kill_all();

  bool empty() const { return groups_.empty(); }
  std::vector<OwnGroup> standing() const;
  /// How many were started so far.
  int started() const { return started_; }

 private:
  struct Group {
    GroupSpec spec;
    std::unique_ptr<LaunchedGroup> launched;
    double started_at = 0;
    std::int64_t oom_kills_before = 0;
    std::optional<TrialId> trial_id = {};  // at work on, as seen last
    TrialPace pace = {};
    MemoryUse memory = {};
    RankActivity activity = {};
    std::string hang = {};
    std::optional<double> hung_since = {};  // awake time

    const std::string& name() const { return spec.settings.group; }
  };

  void follow(Group& group, const RunningTrial* trial, double now);
  void look_at_processes(double now);
  void find_hung(Group& group, double now, double hang_seconds);

  const SupervisorPresence& presence_;
  Launcher& launcher_;
  GroupSpec pattern_;
  int started_ = 0;
  std::vector<Group> groups_;
  AwakeClock clock_;
  double next_look_ = 0;
};

}  // namespace headway
