#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "store/segments/segment_writer.h"

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
void request_retry(SegmentWriter& writer, const TrialId& trial_id, std::int64_t through_attempt);

/// The trial is not to be started, or to be stopped.
void request_cancel(SegmentWriter& writer, const TrialId& trial_id);

}  // namespace headway
