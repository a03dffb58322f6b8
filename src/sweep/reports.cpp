#include "sweep/reports.h"

#include <nlohmann/json.hpp>

namespace headway {

void report_attempt_end(SegmentWriter& writer, const AttemptEnd& end) {
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

void request_retry(SegmentWriter& writer,
                   const std::string& trial_id,
                   std::int64_t through_attempt) {
  writer.append(
      {{"kind", "retry_requested"}, {"trial_id", trial_id}, {"through_attempt", through_attempt}},
      Flush::kNow);
}

void request_cancel(SegmentWriter& writer, const std::string& trial_id) {
  writer.append({{"kind", "cancel_requested"}, {"trial_id", trial_id}}, Flush::kNow);
}

}  // namespace headway
