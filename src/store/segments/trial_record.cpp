#include "store/segments/trial_record.h"

#include <algorithm>
#include <tuple>

namespace headway {
namespace {

template <typename T>
std::optional<T> optional_value(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

std::string text_value(const nlohmann::json& json, const char* key) {
  return optional_value<std::string>(json, key).value_or("");
}

// Kinds of a newer headway are passed over.
bool tells_of_attempt(const std::string& kind) {
  return kind == "attempt_started" || kind == "metrics" || kind == "attempt_finished";
}

void fold_started(const SegmentRecord& record, AttemptRecord& attempt) {
  const nlohmann::json& json = record.json;
  attempt.worker_group = text_value(json, "group");
  attempt.host = text_value(json, "host");
  attempt.device = text_value(json, "device");
  attempt.world_size = optional_value<std::int64_t>(json, "world_size");
  attempt.threads_per_rank = optional_value<std::int64_t>(json, "threads_per_rank");
  attempt.precision = text_value(json, "precision");
  attempt.resumed_from_step = json.value("resumed_from_step", std::int64_t{0});
  attempt.started_at = text_value(json, "at");
  if (!record.writer.is_object()) return;
  attempt.headway_version = text_value(record.writer, "headway_version");
  attempt.git_revision = text_value(record.writer, "git_revision");
  attempt.torch_version = text_value(record.writer, "torch_version");
}

void fold_metrics(const nlohmann::json& json, AttemptRecord& attempt) {
  const auto epoch = json.at("epoch").get<std::int64_t>();
  const auto step = json.at("step").get<std::int64_t>();
  attempt.epoch = std::max(attempt.epoch.value_or(epoch), epoch);
  attempt.step = std::max(attempt.step.value_or(step), step);
}

bool fold_request(const nlohmann::json& json, TrialRequest& request) {
  const TrialRequest candidate{text_value(json, "at"),
                               optional_value<std::int64_t>(json, "through_attempt")};
  const auto order = [](const TrialRequest& one) { return std::tie(one.at, one.through_attempt); };
  if (order(candidate) <= order(request)) return false;
  request = candidate;
  return true;
}

// Smaller is better: which of two reported ends of an attempt counts.
auto end_rank(const AttemptRecord& attempt) {
  return std::make_tuple(attempt.state != "done",
                         attempt.finished_by != "worker",
                         attempt.finished_at,
                         attempt.state,
                         attempt.failure,
                         attempt.message);
}

}  // namespace

bool TrialRecord::fold(const SegmentRecord& record) {
  const std::string kind = record.kind();
  if (kind == "retry_requested") return fold_request(record.json, retry);
  if (kind == "cancel_requested") return fold_request(record.json, cancel);
  if (!tells_of_attempt(kind)) return false;
  const auto number = record.json.at("attempt").get<std::int64_t>();
  const auto known = attempts.find(number);
  AttemptRecord attempt;  // a copy: a malformed record must change nothing
  if (known != attempts.end()) attempt = known->second;
  attempt.attempt = number;
  bool counts = true;
  if (kind == "attempt_started") fold_started(record, attempt);
  if (kind == "metrics") fold_metrics(record.json, attempt);
  if (kind == "attempt_finished") counts = fold_finished(record, attempt);
  if (counts) attempts[number] = std::move(attempt);
  return counts;
}

bool TrialRecord::fold_finished(const SegmentRecord& record, AttemptRecord& attempt) {
  const nlohmann::json& json = record.json;
  AttemptRecord ended = attempt;
  ended.state = json.at("state").get<std::string>();
  ended.failure = text_value(json, "failure");
  ended.message = text_value(json, "message");
  ended.exit_code = optional_value<std::int64_t>(json, "exit_code");
  ended.finished_at = text_value(json, "at");
  ended.finished_by = record.writer.is_object() ? text_value(record.writer, "role") : "";
  // An attempt may end before it has started.
  if (!ended.world_size) ended.world_size = optional_value<std::int64_t>(json, "world_size");
  ended.groups_beside = optional_value<std::int64_t>(json, "groups_beside");
  ended.duration_s = optional_value<double>(json, "duration_s");
  ended.weights_sha256 = text_value(json, "weights_sha256");
  ended.state_sha256 = text_value(json, "state_sha256");
  ended.metrics_sha256 = text_value(json, "metrics_sha256");
  ended.class_vectors_sha256 = text_value(json, "class_vectors_sha256");
  const bool has_ended = attempt.state != "running";
  if (has_ended && end_rank(attempt) <= end_rank(ended)) return false;
  attempt = std::move(ended);
  return true;
}

const AttemptRecord* TrialRecord::last_attempt() const {
  return attempts.empty() ? nullptr : &attempts.rbegin()->second;
}

bool TrialRecord::cancel_requested() const {
  return !cancel.at.empty() && cancel.at > retry.at;
}

bool TrialRecord::forgiven(const AttemptRecord& attempt) const {
  if (retry.at.empty()) return false;
  if (retry.through_attempt) return attempt.attempt <= *retry.through_attempt;
  return attempt.finished_at <= retry.at;
}

TrialState TrialRecord::state() const {
  const AttemptRecord* last = last_attempt();
  if (last != nullptr && last->state == "done") return TrialState::kDone;
  if (last != nullptr && last->state == "running") return TrialState::kRunning;
  if (cancel_requested()) return TrialState::kCancelled;
  if (last == nullptr || last->state == "yielded" || forgiven(*last)) return TrialState::kPending;
  if (last->state == "cancelled") return TrialState::kCancelled;
  // Whoever was preempted did nothing wrong and goes on later.
  if (last->failure_class() == FailureClass::kPreempted) return TrialState::kPending;
  return TrialState::kFailed;
}

std::vector<const AttemptRecord*> TrialRecord::failed_attempts() const {
  std::vector<const AttemptRecord*> failed;
  for (const auto& [number, attempt] : attempts) {
    if (attempt.state == "failed" && !forgiven(attempt)) failed.push_back(&attempt);
  }
  return failed;
}

std::map<FailureClass, int> TrialRecord::failures() const {
  std::map<FailureClass, int> counts;
  for (const AttemptRecord* attempt : failed_attempts()) ++counts[attempt->failure_class()];
  return counts;
}

}  // namespace headway
