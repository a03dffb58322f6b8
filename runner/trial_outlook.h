#pragma once

#include <string>
#include <vector>

#include "scheduling/retry_policy.h"
#include "store/trial_record.h"

namespace headway {

/// What the scheduler makes of a trial's records.
enum class Outlook {
  kOpen,  // to be trained, now or when its present attempt ends badly
  kDone,
  kFailedForGood,  // until someone asks for a retry
  kCancelled,
};

inline RetryDecision retry_decision(const TrialRecord& record) {
  std::vector<std::string> failures;
  for (const auto& [failure, count] : record.failures()) {
    // A failure without a class is the worker's own report.
    const std::string name = failure == FailureClass::kNone ? "error" : to_string(failure);
    failures.insert(failures.end(), static_cast<std::size_t>(count), name);
  }
  return decide_retry(failures);
}

inline Outlook outlook(const TrialRecord& record) {
  switch (record.state()) {
    case TrialState::kDone:
      return Outlook::kDone;
    case TrialState::kCancelled:
      return Outlook::kCancelled;
    case TrialState::kFailed:
      return retry_decision(record).retry ? Outlook::kOpen : Outlook::kFailedForGood;
    case TrialState::kPending:
    case TrialState::kRunning:
      break;
  }
  return Outlook::kOpen;
}

/// Whether a record tells how this attempt ended.
inline bool has_ended(const TrialRecord& record, std::int64_t attempt) {
  const auto found = record.attempts.find(attempt);
  return found != record.attempts.end() && found->second.state != "running";
}

}  // namespace headway
