#pragma once

#include <string>
#include <vector>

#include "scheduling/policy/retry_policy.h"
#include "store/segments/trial_history.h"

namespace headway {

/// What the scheduler makes of a trial's records.
enum class TrialStatus {
  kOpen,  // to be trained, now or when its present attempt ends badly
  kDone,
  kFailedForGood,  // until someone asks for a retry
  kCancelled,
};

inline RetryDecision retry_decision(const TrialHistory& record) {
  std::vector<FailedAttempt> failures;
  for (const AttemptRecord* attempt : record.failed_attempts()) {
    const FailureClass failure = attempt->failure_class();
    // A failure without a class is the worker's own report.
    failures.push_back(
        {.failure = to_string(failure == FailureClass::kNone ? FailureClass::kError : failure),
         .ranks = static_cast<int>(attempt->world_size.value_or(1)),
         .groups_beside = static_cast<int>(attempt->groups_beside.value_or(0)),
         .on_gpu = attempt->device == "cuda"});
  }
  return decide_retry(failures);
}

inline TrialStatus trial_status(const TrialHistory& record) {
  switch (record.state()) {
    case TrialState::kDone:
      return TrialStatus::kDone;
    case TrialState::kCancelled:
      return TrialStatus::kCancelled;
    case TrialState::kFailed:
      return retry_decision(record).retry ? TrialStatus::kOpen : TrialStatus::kFailedForGood;
    case TrialState::kPending:
    case TrialState::kRunning:
      break;
  }
  return TrialStatus::kOpen;
}

/// Whether a record tells how this attempt ended.
inline bool has_ended(const TrialHistory& record, std::int64_t attempt) {
  const auto found = record.attempts.find(attempt);
  return found != record.attempts.end() && found->second.state != "running";
}

}  // namespace headway
