#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_reader.h"
#include "store/segments/trial_history.h"

namespace headway {

/// Where one evaluation of one trial stands.
enum class EvaluationStatus {
  kNotTrained,  // the trial is not done, so there is nothing to evaluate
  kOpen,        // to be evaluated, now or when its present attempt ends badly
  kDone,
  kFailedForGood,  // until someone asks for it again
};

/// How far one evaluation of a sweep's finished trials has come, folded from the segments. Each
/// refresh costs as much as there are new records. Attempts at an evaluation are numbered by their
/// claims, from 1, and follow the retry policy of trials.
class EvaluationState {
 public:
  struct Trial {
    TrialHistory training;
    TrialHistory evaluation;  // claims of it as attempts: done or failed
    // Final values on the test images, from training.
    std::map<std::int64_t, std::map<std::string, double>> results_of_attempts;

    /// Those of the attempt that decides; none before it has ended.
    std::map<std::string, double> test_results() const;
  };

  /// Those of `trials` whose training records the same anyway count as done, until someone asks for
  /// the evaluation.
  EvaluationState(std::filesystem::path sweep_directory,
                  std::string evaluation,
                  const std::vector<PlannedTrial>& trials = {});

  /// Reads what was written since the last time.
  void refresh();
  /// A trial without records is pending, with no attempts.
  const Trial& trial(const TrialId& trial_id) const;
  EvaluationStatus status(const TrialId& trial_id) const;

 private:
  void take(const SegmentRecord& record);

  SegmentReader reader_;
  std::string evaluation_;
  std::set<TrialId> in_training_;
  std::unordered_map<TrialId, Trial> trials_;
};

/// The trials that an evaluation is about: those of the plan, or those named, vanished ones too.
/// ConfigError with the nearest id when the sweep lacks one.
std::vector<PlannedTrial> trials_to_evaluate(const std::filesystem::path& sweep_directory,
                                             const std::vector<TrialId>& trial_ids);

}  // namespace headway
