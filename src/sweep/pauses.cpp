#include "sweep/pauses.h"

#include "sweep/reports.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

// One hang, or one kill from outside, says little about the next trial; as the reason for which a
// trial was given up it does.
bool counts_at_once(const AttemptRecord& attempt) {
  switch (attempt.failure_class()) {
    case FailureClass::kCrash:
      return attempt.message.find("(killed)") == std::string::npos;
    case FailureClass::kError:
    case FailureClass::kNone:
      return true;
    case FailureClass::kOom:
    case FailureClass::kDiverged:
    case FailureClass::kHung:
    case FailureClass::kPreempted:
    case FailureClass::kNodeFailure:
      break;
  }
  return false;
}

std::optional<EndedTrial> ended_trial(const TrialId& trial_id, const TrialHistory& record) {
  const AttemptRecord* last = record.last_attempt();
  if (last == nullptr) return std::nullopt;
  if (last->state == "done") return EndedTrial{trial_id, "", ""};
  if (record.state() != TrialState::kFailed) return std::nullopt;
  const bool counts = counts_at_once(*last) || trial_status(record) == TrialStatus::kFailedForGood;
  if (!counts) return std::nullopt;
  return EndedTrial{trial_id, last->failure, last->message};
}

}  // namespace

std::optional<SharedError> pausing_error(const SweepManifest& plan, const SweepState& state) {
  std::vector<EndedTrial> ended;
  for (const PlannedTrial& planned : plan.trials) {
    auto trial = ended_trial(planned.trial_id, state.trial(planned.trial_id));
    if (trial) ended.push_back(std::move(*trial));
  }
  return shared_error(ended);
}

void reset_failures(const SharedError& error, const SweepState& state, SegmentWriter& writer) {
  for (const TrialId& trial_id : error.trial_ids) {
    request_retry(writer, trial_id, state.trial(trial_id));
  }
}

}  // namespace headway
