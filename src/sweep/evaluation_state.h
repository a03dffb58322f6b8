#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/manifest/sweep_directory.h"
#include "store/segments/segment_reader.h"
#include "store/segments/segment_writer.h"
#include "store/segments/trial_record.h"

namespace headway {

/// Where one evaluation of one trial stands.
enum class EvaluationStatus {
  kNotTrained,  // the trial is not done, so there is nothing to evaluate
  kOpen,        // to be evaluated, now or when its present attempt ends badly
  kDone,
  kFailedForGood,  // until someone asks for it again
};

/// How far one evaluation of a sweep's finished trials has come, folded from the segments. Each
/// refresh costs as much as there are new records. Attempts at an evaluation are numbered by
/// themselves, from 1, and follow the retry policy of trials.
class EvaluationState {
 public:
  struct Trial {
    TrialRecord training;
    TrialRecord evaluation;                      // attempts at it: done or failed
    std::map<std::string, double> test_results;  // final values on the test images, from training
  };

  EvaluationState(std::filesystem::path sweep_directory, std::string evaluation);

  /// Reads what was written since the last time.
  void refresh();
  /// A trial without records is pending, with no attempts.
  const Trial& trial(const std::string& trial_id) const;
  EvaluationStatus status(const std::string& trial_id) const;

 private:
  void take(const SegmentRecord& record);

  SegmentReader reader_;
  std::string evaluation_;
  std::unordered_map<std::string, Trial> trials_;
};

EvaluationStatus evaluation_status(const EvaluationState::Trial& trial);

/// The trials that an evaluation is about: those of the plan, or those named, vanished ones too.
/// ConfigError with the nearest id when the sweep lacks one.
std::vector<PlannedTrial> trials_to_evaluate(const std::filesystem::path& sweep_directory,
                                             const std::vector<std::string>& trial_ids);

/// An evaluation that ended without results, as its worker or another process reports it.
struct EvaluationFailure {
  std::string trial_id;
  std::string evaluation;
  int attempt = 0;
  std::string failure;  // class
  std::string message;
  int groups_beside = 0;  // oom: on the same machine
};
void append_evaluation_failure(SegmentWriter& writer, const EvaluationFailure& failure);

/// Has the evaluation done again: what its attempts came to so far no longer counts, though results
/// stay until there are new ones.
void request_evaluation(SegmentWriter& writer,
                        const std::string& trial_id,
                        const std::string& evaluation,
                        std::int64_t through_attempt);

}  // namespace headway
