#pragma once

#include <nlohmann/json.hpp>
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
  nlohmann::json record{{"kind", "attempt_finished"},
                        {"trial_id", end.trial_id},
                        {"attempt", end.attempt},
                        {"state", end.state},
                        {"failure", end.failure},
                        {"message", end.message}};
  if (end.exit_code) record["exit_code"] = *end.exit_code;
  if (end.world_size) record["world_size"] = *end.world_size;
  if (end.groups_beside) record["groups_beside"] = *end.groups_beside;
  writer.append(std::move(record), Flush::kNow);
}

}  // namespace headway
