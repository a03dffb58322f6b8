#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace headway {

// Records of a segment, one JSON object per line, framed as
//   LLLLLLLL CCCCCCCC {json}\n      (length of the JSON in bytes, its CRC-32; 8 hex digits each)
// Every record has "kind" and "at" (UTC timestamp). Kinds:
//   writer            first record of a segment: role (worker | supervisor | command), process
//                     (ProcessIdentity), headway_version, git_revision, torch_version
//   attempt_started   trial_id, attempt, group, host, device, world_size, threads_per_rank,
//                     precision, resumed_from_step (0 = from the start)
//   metrics           trial_id, attempt, epoch, step, values: {split: {name: number | null}}
//   attempt_finished  trial_id, attempt, state (done | failed | yielded | cancelled), failure
//                     (class, "" when done), message, exit_code, duration_s; when done also
//                     weights_sha256, state_sha256, metrics_sha256, class_vectors_sha256,
//                     results: {split: {name: number | null}}, missing: {split: {name: reason}}
//                     when out of memory also world_size, and groups_beside: other groups on that
//                     machine
//   retry_requested   trial_id: failed attempts so far no longer count, a cancelled trial is
//                     pending again; through_attempt (optional): "so far" as an attempt number,
//                     else by the records' times
//   cancel_requested  trial_id: not to be started (any more), until a retry is requested
// The last attempt that was started decides; records of lower attempts are superseded. A metrics
// record of a lower attempt still stands when every higher attempt resumed at or after its step.

enum class FailureClass { kNone, kOom, kDiverged, kCrash, kHung, kPreempted, kNodeFailure, kError };

/// "oom", "diverged", ...; "" for kNone. kError: the trial itself reported an error (bad data,
/// say).
std::string to_string(FailureClass failure);
/// kError for a text that this version does not know: a newer headway may have written it.
FailureClass failure_class_from_string(const std::string& text);

enum class TrialState { kPending, kRunning, kDone, kFailed, kCancelled };
std::string to_string(TrialState state);
/// ConfigError with the nearest name for an unknown state.
TrialState trial_state_from_string(const std::string& text);

}  // namespace headway
