#include "sweep/reports.h"

#include <algorithm>

#include "scheduling/claims/claims.h"
#include "store/segments/records.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

// Each one has seen what overruled the one before.
constexpr int kMostRequests = 10;

}  // namespace

void report_attempt_end(SegmentWriter& writer, const AttemptEnd& end) {
  writer.append(AttemptFinished{.trial_id = end.trial_id,
                                .attempt = end.attempt,
                                .state = end.state,
                                .failure = end.failure,
                                .message = end.message,
                                .exit_code = end.exit_code,
                                .world_size = end.world_size,
                                .groups_beside = end.groups_beside},
                Flush::kNow);
}

void request_retry(SegmentWriter& writer,
                   const TrialId& trial_id,
                   const TrialHistory& seen,
                   std::int64_t through_attempt) {
  writer.append(RetryRequested{trial_id, seen.next_request(), through_attempt}, Flush::kNow);
}

void request_retry(SegmentWriter& writer, const TrialId& trial_id, const TrialHistory& seen) {
  request_retry(writer, trial_id, seen, seen.highest_attempt());
}

void request_cancel(SegmentWriter& writer, const TrialId& trial_id, const TrialHistory& seen) {
  writer.append(CancelRequested{trial_id, seen.next_request()}, Flush::kNow);
}

bool cancel_with_effect(SegmentWriter& writer, const TrialId& trial_id, SweepState& state) {
  for (int request = 0; request < kMostRequests; ++request) {
    const TrialHistory& record = state.trial(trial_id);
    if (record.state() == TrialState::kDone) return false;
    request_cancel(writer, trial_id, record);
    state.refresh();
    const TrialHistory& now = state.trial(trial_id);
    if (now.cancel_requested() && now.state() != TrialState::kDone) return true;
  }
  return false;
}

bool retry_with_effect(SegmentWriter& writer,
                       const std::filesystem::path& sweep_directory,
                       const TrialId& trial_id,
                       SweepState& state) {
  for (int request = 0; request < kMostRequests; ++request) {
    const TrialHistory& record = state.trial(trial_id);
    if (record.state() == TrialState::kDone) return false;
    // An attempt without records so far may yet end as cancelled.
    const auto claim = latest_claim(sweep_directory, trial_id);
    const std::int64_t claimed = claim ? claim->attempt : 0;
    request_retry(writer, trial_id, record, std::max(record.highest_attempt(), claimed));
    state.refresh();
    const TrialHistory& now = state.trial(trial_id);
    if (trial_status(now) == TrialStatus::kOpen && !now.cancel_requested()) return true;
  }
  return false;
}

}  // namespace headway
