#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "scheduling/claims/abandonment.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "sweep/evaluation_state.h"

namespace headway {

struct ClaimedEvaluation {
  PlannedTrial trial;
  EvaluationState::Trial records;
  Claim claim;
};

/// Gives a worker the finished trials that one evaluation lacks, one after the other in the plan's
/// order, each claimed for `owner`. Everything it knows stands in the sweep's folder, so any number
/// of workers, supervisors and machines may serve one evaluation.
class EvaluationSource {
 public:
  struct Task {
    std::filesystem::path sweep_directory;
    std::string evaluation;
    std::vector<TrialId> trials = {};  // also vanished ones; empty: all of the plan
  };

  /// ConfigError when the sweep lacks one of `task.trials`.
  EvaluationSource(Task task, ClaimOwner owner);

  /// Nothing when nothing is left that could be taken now.
  std::optional<ClaimedEvaluation> next();

 private:
  std::optional<Claim> claim(const TrialId& trial_id);
  bool take_over(const ClaimView& claim);
  void report_failure(const TrialId& trial_id, int claim, const Abandonment& why);

  Task task_;
  std::filesystem::path claims_root_;
  ClaimOwner owner_;
  std::vector<PlannedTrial> trials_;
  EvaluationState state_;
  AbandonmentJudge abandonment_;
  SegmentWriter reports_;  // ends of others' attempts
};

}  // namespace headway
