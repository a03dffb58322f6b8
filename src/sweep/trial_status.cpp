#include "sweep/trial_status.h"

#include <vector>

#include "sweep/reports.h"

namespace headway {

RetryDecision retry_decision(const TrialHistory& record) {
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

RankRange ranks_to_try(RankRange ranks, const TrialHistory& record) {
  if (record.attempts.empty()) return ranks;
  if (const auto max_ranks = retry_decision(record).max_ranks) {
    ranks.most = ranks.at_most(*max_ranks);
  }
  return ranks;
}

TrialStatus trial_status(const TrialHistory& record) {
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

bool has_ended(const TrialHistory& record, std::int64_t attempt) {
  const auto found = record.attempts.find(attempt);
  return found != record.attempts.end() && found->second.state != "running";
}

std::optional<ClaimView> unended_claim(const std::filesystem::path& sweep_directory,
                                       const TrialId& trial_id,
                                       const TrialHistory& record) {
  auto claim = latest_claim(sweep_directory, trial_id);
  if (claim && has_ended(record, claim->attempt)) return std::nullopt;
  return claim;
}

ClaimOutcome settle_claim(const ClaimView& claim,
                          AbandonmentJudge& abandonment,
                          SweepState& state,
                          SegmentWriter& reports) {
  const auto abandoned = abandonment.judge(claim);
  if (!abandoned) return ClaimOutcome::kHeld;
  state.refresh();  // the owner may have recorded the end and left since the last look
  if (has_ended(state.trial(claim.trial_id), claim.attempt)) return ClaimOutcome::kEnded;
  report_attempt_end(reports,
                     {.trial_id = claim.trial_id,
                      .attempt = claim.attempt,
                      .failure = abandoned->failure,
                      .message = abandoned->message});
  return ClaimOutcome::kReported;
}

}  // namespace headway
