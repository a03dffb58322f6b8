#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "cluster/launcher.h"
#include "runner/supervisor/progress_display.h"
#include "runner/supervisor/supervised_groups.h"
#include "scheduling/claims/abandonment.h"
#include "store/manifest/supervisor_trials.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "sweep/evaluation_state.h"

namespace headway {

struct EvaluationSupervisorOptions {
  std::filesystem::path sweep_directory;  // absolute, with a plan
  std::string sweep;                      // its name
  std::string suite;
  std::vector<PlannedTrial> trials;  // those that are done and wanted
  GroupSpec group;                   // what all groups have in common
  int groups = 1;                    // at most so many side by side
  GroupTimeouts timeouts = {};
  std::filesystem::path headway = {};  // see SupervisorOptions
};

/// Serves one evaluation of a sweep on one allocation: starts worker groups of one rank, sees how
/// they end, starts others, until all wanted trials are evaluated or have failed, or someone asks
/// it to stop. Groups find their trials themselves; any number of these may serve one evaluation.
class EvaluationSupervisor {
 public:
  /// `launcher` and `display` must outlive this.
  EvaluationSupervisor(EvaluationSupervisorOptions options,
                       Launcher& launcher,
                       ProgressDisplay& display);

  SupervisorEnd run();
  /// As of the last look.
  const TrialCounts& counts() const { return counts_; }
  const EvaluationState& state() const { return state_; }

 private:
  void serve();
  void tick();
  void look();
  bool is_worked_on(const TrialId& trial_id);
  void note_event(const TrialId& trial_id, EvaluationStatus status);
  void handle_group_exit(const EndedGroup& group);
  std::vector<ClaimView> claims_of(const std::string& group) const;
  void report(const EvaluationFailed& failure);
  void start_groups();
  bool is_over() const { return groups_.empty() && (groups_.stopping() || counts_.open() == 0); }

  EvaluationSupervisorOptions options_;
  ProgressDisplay& display_;
  std::filesystem::path claims_root_;
  SegmentWriter reports_;
  EvaluationState state_;
  AbandonmentJudge abandonment_;
  SupervisedGroups groups_;
  SupervisorTrials trials_;
  std::deque<EndedGroup> ended_;  // not handled yet
  StoreSync store_;
  TrialCounts counts_;
  std::vector<RunningTrial> running_;
  std::map<TrialId, EvaluationStatus> seen_;
  double next_look_ = 0;
};

}  // namespace headway
