#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "cluster/launcher.h"
#include "runner/supervisor/exit_diagnosis.h"
#include "runner/supervisor/group_schedule.h"
#include "runner/supervisor/progress_display.h"
#include "runner/supervisor/stop_signals.h"
#include "runner/supervisor/worker_groups.h"
#include "scheduling/claims/supervisors.h"
#include "store/segments/segment_writer.h"
#include "store/sql/results_store.h"
#include "sweep/snapshot.h"

namespace headway {

struct SupervisorOptions {
  std::filesystem::path sweep_directory;  // absolute, with a plan
  GroupSpec group;                        // what all groups have in common
  GroupLimits limits;
  std::optional<double> time_limit_seconds = {};
  double hang_seconds = 900;  // at most so long may a group stand still; see hang_deadline_seconds
  double stop_patience_seconds = 60;  // for checkpoints, before groups that were asked are killed
};

/// What became of the schedule: `lower_bound_seconds` is what no schedule of the same work on the
/// same slots could have undercut.
struct ScheduleReport {
  int slots = 1;
  int groups = 0;
  double makespan_seconds = 0;
  double lower_bound_seconds = 0;
};

/// Why a supervisor came to its end.
enum class SupervisorEnd {
  kFinished,     // nothing is left to do
  kInterrupted,  // SIGINT
  kYielded,      // SIGTERM or SIGUSR2
  kTimeLimit,
  kBadStart,  // groups die before they take a trial
  kPaused,    // the first trials all ended by the same error
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
  void look();
  void handle_group_exit(const EndedGroup& group);
  /// Does what writes reports, and again while the disk is full.
  void wait_out_full_disk(const std::function<void()>& action);
  Circumstances circumstances(const EndedGroup& group, const ClaimView& claim) const;
  void report_full_disk();
  void limit_groups_by_memory(const AttemptRecord& attempt);
  void pause_on_common_failure();
  void note_start(const EndedGroup& group, bool took_a_trial);
  void start_groups();
  void handle_stop_signals();
  void stop(SupervisorEnd reason);
  void sync_store();
  void show();
  bool is_over() const;
  std::optional<double> seconds_left() const;  // until the time limit

  SupervisorOptions options_;
  Launcher& launcher_;
  ProgressDisplay& display_;
  StopSignals signals_;
  SupervisorPresence presence_;
  SegmentWriter reports_;
  SweepSnapshot snapshot_;
  WorkerGroups groups_;
  GroupSchedule schedule_;
  bool is_schedule_due_ = true;
  ResultsStore store_;
  double started_at_;
  double ended_at_ = 0;
  double next_look_ = 0;
  double next_sync_ = 0;
  double next_start_ = 0;  // groups that found nothing to do are not replaced at once
  int bad_starts_ = 0;     // in a row
  bool reported_waiting_ = false;
  bool reported_full_disk_ = false;
  bool is_out_of_time_ = false;  // what is left of the limit is too short for another group
  std::optional<SupervisorEnd> stopping_;
  double stopped_at_ = 0;
};

}  // namespace headway
