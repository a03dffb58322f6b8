#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/launcher.h"
#include "runner/supervisor/group_schedule.h"
#include "runner/supervisor/progress_display.h"
#include "runner/supervisor/store_sync.h"
#include "runner/supervisor/supervised_groups.h"
#include "store/manifest/supervisor_trials.h"
#include "store/segments/segment_writer.h"
#include "sweep/snapshot.h"

namespace headway {

struct SupervisorOptions {
  std::filesystem::path sweep_directory;   // absolute, with a plan
  std::optional<SweepManifest> plan = {};  // what to serve; absent: the sweep's own
  GroupSpec group;                         // what all groups have in common
  GroupLimits limits;
  GroupTimeouts timeouts = {};
  bool has_own_cores = false;          // no other process uses them: those of a batch system's job
  std::filesystem::path headway = {};  // which brings the store up to date; empty: nobody does
};

/// What became of the schedule: `lower_bound_seconds` is what no schedule of the same work on the
/// same slots could have undercut.
struct ScheduleReport {
  int slots = 1;
  int groups = 0;
  double makespan_seconds = 0;
  double lower_bound_seconds = 0;
};

/// Owns one allocation: starts worker groups on it, sees how they end, starts others, until all
/// trials of the sweep are settled or someone asks it to stop. Groups find their trials themselves;
/// any number of supervisors may serve one sweep.
class Supervisor {
 public:
  /// `launcher` and `display` must outlive this.
  Supervisor(SupervisorOptions options, Launcher& launcher, ProgressDisplay& display);

  SupervisorEnd run();
  /// As of the last look.
  const TrialCounts& counts() const { return snapshot_.counts(); }
  /// How well the slots were used, once it has run.
  ScheduleReport report() const;

 private:
  void serve();
  void tick();
  void look();
  void report_vanished();
  void handle_group_exit(const EndedGroup& group);
  Circumstances circumstances(const EndedGroup& group, const ClaimView& claim) const;
  void report_waits();
  void report_wait(const RunningTrial& trial);
  void report_ends_of_waits();
  void limit_groups_by_memory(const AttemptRecord& attempt);
  void pause_on_common_failure();
  void start_groups();
  void note_crowded_cores();
  void show();
  bool is_over() const;
  SupervisorEnd end_by_time_limit();

  SupervisorOptions options_;
  ProgressDisplay& display_;
  SegmentWriter reports_;
  SweepSnapshot snapshot_;
  SupervisedGroups groups_;
  SupervisorTrials trials_;
  std::deque<EndedGroup> ended_;  // not handled yet
  GroupSchedule schedule_;
  bool is_schedule_due_ = true;
  StoreSync store_;
  double makespan_seconds_ = 0;
  double next_look_ = 0;
  std::int64_t reported_vanished_ = 0;
  bool reported_waiting_ = false;
  bool noted_crowded_cores_ = false;
  /// A trial's wait for what only others can end, as it was told.
  struct ReportedWait {
    std::string phase = {};
    double reported_at = 0;
    double seen_at = 0;
    bool is_over = false;
  };
  std::map<TrialId, ReportedWait> waits_;
  bool has_worked_ = false;      // one of its groups took a trial
  bool is_out_of_time_ = false;  // what is left of the limit is too short for another group
};

}  // namespace headway
