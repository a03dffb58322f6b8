#pragma once

#include <optional>
#include <string>

#include "store/segments/segment_writer.h"

namespace headway {

/// The end of an attempt as someone other than its worker reports it.
struct AttemptEnd {
  std::string trial_id;
  int attempt = 0;
  std::string state = "failed";  // failed | cancelled
  std::string failure;           // class
  std::string message;
  std::optional<int> exit_code = {};
  std::optional<int> world_size = {};     // oom
  std::optional<int> groups_beside = {};  // oom: on the same machine
};

inline void append_attempt_end(SegmentWriter& writer, const AttemptEnd& end) {
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

}  // namespace headway
