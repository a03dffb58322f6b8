#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/watched_folder.h"
#include "cluster/launcher.h"
#include "runner/supervisor/exit_diagnosis.h"
#include "runner/supervisor/orphaned_groups.h"
#include "runner/supervisor/progress_display.h"
#include "runner/supervisor/stop_signals.h"
#include "runner/supervisor/store_sync.h"
#include "runner/supervisor/worker_groups.h"
#include "scheduling/claims/supervisors.h"

namespace headway {

/// Why a supervisor came to its end.
enum class SupervisorEnd {
  kFinished,     // nothing is left to do
  kInterrupted,  // SIGINT
  kYielded,      // SIGTERM or SIGUSR2
  kTimeLimit,
  kJobEnds,     // the time of the Slurm job that it runs in is nearly over
  kTooShort,    // the time limit leaves no time for any trial
  kBadStart,    // groups die before they take a trial
  kRefused,     // a group found something that the user must mend
  kPaused,      // the first trials all ended by the same error
  kFolderGone,  // the sweep's folder was moved, deleted or replaced
  kReplaced,    // another run took trials of this one out of the sweep; the others are settled
};

/// "finished", "interrupted; the same command goes on from here", ...
std::string end_text(SupervisorEnd end);
/// Of `headway`, when these are the trials that the supervisor served.
int exit_code(SupervisorEnd end, const TrialCounts& counts);

/// How long a supervisor waits.
struct GroupTimeouts {
  std::optional<double> time_limit_seconds = {};  // of the supervisor with all its groups
  bool is_end_of_job = false;  // it is the Slurm job's, which may be queued again
  double hang_seconds = 900;   // at most so long may a group stand still; see is_hung
  double stop_seconds = 60;    // for checkpoints, before groups that were asked are killed
  double idle_seconds = 1;  // after a group that found nothing to do; doubles from one to the next
};

/// How often a supervisor sees to its groups, and how often it reads how things stand.
inline constexpr std::chrono::milliseconds kTick{50};
inline constexpr double kSecondsBetweenLooks = 0.25;

/// The groups of one supervisor, and what ends them: signals, the time limit, groups that cannot
/// start. Which groups are needed is the supervisor's concern.
class SupervisedGroups {
 public:
  /// `root`: where claims and supervisors are, the sweep's folder or an evaluation's. `pattern`:
  /// what all groups have in common. `launcher` and `display` must outlive this.
  SupervisedGroups(const std::filesystem::path& root,
                   const GroupSpec& pattern,
                   const GroupTimeouts& timeouts,
                   Launcher& launcher,
                   ProgressDisplay& display);

  /// Heeds signals and limits, and ends what dead supervisors left on this machine; returns the
  /// groups that have ended since the last time.
  std::vector<EndedGroup> reap();
  /// See WorkerGroups.
  void watch(const std::vector<RunningTrial>& running);
  /// To be told of every group that ended while nobody had asked it to stop. Groups that die at
  /// once, before they take a trial, or find none to take, would do so for ever: after some in a
  /// row this stops. So it does at once when a group ends by the code for what the user must mend.
  void note_start(const EndedGroup& group, bool took_a_trial);
  /// Asks all groups to leave. The first reason stays.
  void stop(SupervisorEnd reason);
  /// The reason, once it stops.
  const std::optional<SupervisorEnd>& stopping() const { return stopping_; }

  /// False for a while after a group found nothing to do.
  bool may_start() const;
  void start(int width);
  bool empty() const { return groups_.empty(); }
  std::vector<OwnGroup> standing() const { return groups_.standing(); }
  int started() const { return groups_.started(); }

  /// Of the supervisor.
  const SupervisorId& id() const { return presence_.id(); }
  bool is_ours(const std::string& group) const { return group.starts_with(id().text()); }
  /// What is known of the end of a group that left `claim` without one.
  Circumstances circumstances(const EndedGroup& group, const ClaimView& claim) const;
  /// Since the supervisor began.
  double seconds() const;
  std::optional<double> time_limit_seconds() const { return timeouts_.time_limit_seconds; }
  /// The reason to end when the time limit is reached.
  SupervisorEnd end_of_time() const {
    return timeouts_.is_end_of_job ? SupervisorEnd::kJobEnds : SupervisorEnd::kTimeLimit;
  }
  /// Until the time limit, where there is one.
  std::optional<double> seconds_left() const;
  /// Does what writes reports, and again while the disk is full. When someone asks to stop
  /// meanwhile, throws StoppedOnFullDisk.
  void wait_out_full_disk(const std::function<void()>& action);
  /// Does what can be repeated, and again when the disk fails at it, as often as
  /// retry_after_io_errors does; the user is told.
  void ride_out_io_errors(const std::function<void()>& action);
  /// Does `serve`. When the disk fails it for good, or is full as someone asks to stop, asks all
  /// groups to leave and waits until they have; passes the error on unless someone asked to stop.
  /// When the sweep's folder is gone, kills them: nothing could be saved, nor shall be made there.
  void end_in_order(const std::function<void()>& serve);
  /// Brings the results store up to date once no group is left, as long as signals and the time
  /// limit allow.
  void finish(StoreSync& store) const;

 private:
  void handle_stop_signals();
  void leave();
  bool is_folder_gone() const { return folder_.is_gone() || presence_.is_gone(); }
  void end_without_folder();
  void give_up(const EndedGroup& group, const std::string& why);
  void show_log_of(const EndedGroup& group, const std::string& why);
  void end_orphans();

  std::filesystem::path root_;
  std::filesystem::path sweep_directory_;
  GroupTimeouts timeouts_;
  Launcher& launcher_;
  ProgressDisplay& display_;
  StopSignals signals_;
  WatchedFolder folder_;  // the sweep's
  SupervisorPresence presence_;
  WorkerGroups groups_;
  OrphanedGroups orphans_;
  double next_look_at_orphans_ = 0;
  double started_at_;
  double next_start_ = 0;  // groups that found nothing to do are not replaced at once
  int bad_starts_ = 0;     // in a row
  int idle_starts_ = 0;    // in a row
  std::optional<SupervisorEnd> stopping_;
  double stopped_at_ = 0;
  double next_look_at_ranks_ = 0;  // once it stops
  double next_message_ = 0;        // about a failing disk
};

}  // namespace headway
