#include "sweep/reports.h"

#include "store/segments/records.h"

namespace headway {

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

void request_retry(SegmentWriter& writer, const TrialId& trial_id, std::int64_t through_attempt) {
  writer.append(RetryRequested{trial_id, through_attempt}, Flush::kNow);
}

void request_cancel(SegmentWriter& writer, const TrialId& trial_id) {
  writer.append(CancelRequested{trial_id}, Flush::kNow);
}

}  // namespace headway
