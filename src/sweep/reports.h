#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/ids.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "store/segments/trial_history.h"

namespace headway {

// Records about a trial by someone other than the group that trains it.

/// The end of an attempt as its supervisor, or another one, reports it.
struct AttemptEnd {
  TrialId trial_id;
  int attempt = 0;
  std::string state = "failed";  // failed | cancelled
  std::string failure;           // class
  std::string message;
  std::optional<int> exit_code = {};
  std::optional<int> world_size = {};     // oom
  std::optional<int> groups_beside = {};  // oom: on the same machine
};
void report_attempt_end(SegmentWriter& writer, const AttemptEnd& end);

/// Failures up to and with this attempt no longer count, and a cancelled trial is wanted again.
/// `seen`: the trial's records; the request is later than those in it.
void request_retry(SegmentWriter& writer,
                   const TrialId& trial_id,
                   const TrialHistory& seen,
                   std::int64_t through_attempt);
/// Of all attempts in the records.
void request_retry(SegmentWriter& writer, const TrialId& trial_id, const TrialHistory& seen);

/// The trial is not to be started, or to be stopped.
void request_cancel(SegmentWriter& writer, const TrialId& trial_id, const TrialHistory& seen);

/// Requests that the trial be cancelled, until its records, read anew, say so: someone else may ask
/// for a retry at the same time. False when it has no effect, for it is done by now or the others
/// do not give in.
bool cancel_with_effect(SegmentWriter& writer, const TrialId& trial_id, SweepState& state);
/// Likewise, that it be tried again, whatever became of the attempts in its records and claims.
bool retry_with_effect(SegmentWriter& writer,
                       const std::filesystem::path& sweep_directory,
                       const TrialId& trial_id,
                       SweepState& state);

}  // namespace headway
