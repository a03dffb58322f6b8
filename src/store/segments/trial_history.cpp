#include "store/segments/trial_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/errors.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/nearest_name.h"
#include "store/segments/record_json.h"

namespace headway {
namespace {

constexpr std::array<std::pair<TrialState, const char*>, 5> kStates{{
    {TrialState::kPending, "pending"},
    {TrialState::kRunning, "running"},
    {TrialState::kDone, "done"},
    {TrialState::kFailed, "failed"},
    {TrialState::kCancelled, "cancelled"},
}};

void fold_started(const SegmentRecord& record, AttemptRecord& attempt) {
  const auto started = read_record<AttemptStarted>(record.json);
  attempt.worker_group = started.group;
  attempt.host = started.host;
  attempt.device = started.device;
  attempt.world_size = started.world_size;
  attempt.threads_per_rank = started.threads_per_rank;
  attempt.precision = started.precision;
  attempt.resumed_from_step = started.resumed_from_step;
  if (!started.data_sha256.empty()) attempt.data_sha256 = started.data_sha256;
  attempt.data_folder = started.data_folder;
  attempt.started_at = record.at();
  if (!record.writer) return;
  attempt.headway_version = record.writer->headway_version;
  attempt.git_revision = record.writer->git_revision;
  attempt.torch_version = record.writer->torch_version;
}

void fold_metrics(const SegmentRecord& record, AttemptRecord& attempt) {
  const auto position = read_record<EpochPosition>(record.json);
  attempt.epoch = std::max(attempt.epoch.value_or(position.epoch), position.epoch);
  attempt.step = std::max(attempt.step.value_or(position.step), position.step);
}

// Smaller is better: which of two reported ends of an attempt counts.
auto end_rank(const AttemptRecord& attempt) {
  const bool is_done = attempt.state == "done" || attempt.state == kSuperseded;
  return std::make_tuple(!is_done,
                         attempt.finished_by != "worker",
                         is_done ? std::string("done") : attempt.state,
                         attempt.failure,
                         attempt.message,
                         attempt.finished_at,
                         attempt.weights_sha256);
}

// The attempt with the end that `record` tells of.
AttemptRecord with_end(AttemptRecord ended, const SegmentRecord& record) {
  const auto finished = read_record<AttemptFinished>(record.json);
  ended.state = finished.state;
  ended.failure = finished.failure;
  ended.message = finished.message;
  ended.exit_code = finished.exit_code;
  ended.finished_at = record.at();
  ended.finished_by = record.writer ? record.writer->role : "";
  // An attempt may end before it has started.
  if (!ended.world_size) ended.world_size = finished.world_size;
  ended.groups_beside = finished.groups_beside;
  ended.duration_s = finished.duration_s;
  ended.weights_sha256 = finished.weights_sha256;
  ended.state_sha256 = finished.state_sha256;
  ended.metrics_sha256 = finished.metrics_sha256;
  ended.class_vectors_sha256 = finished.class_vectors_sha256;
  if (!finished.data_sha256.empty()) ended.data_sha256 = finished.data_sha256;
  return ended;
}

// Of requests of one kind. Those without numbers are older than any with one.
bool fold_request(const TrialRequest& candidate, TrialRequest& request) {
  const auto order = [](const TrialRequest& one) {
    return std::make_tuple(one.number, one.number == 0 ? one.at : "", one.through_attempt, one.at);
  };
  if (order(candidate) <= order(request)) return false;
  request = candidate;
  return true;
}

}  // namespace

std::string to_string(TrialState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  throw std::logic_error("trial state without a name");
}

TrialState trial_state_from_string(const std::string& text) {
  std::vector<std::string> known;
  for (const auto& [value, name] : kStates) {
    if (text == name) return value;
    known.emplace_back(name);
  }
  throw ConfigError(fmt::format("unknown trial state '{}'{}", text, suggestion(text, known)));
}

bool TrialHistory::fold(const SegmentRecord& record) {
  const std::string kind = record.kind();
  if (kind == RetryRequested::kKind) {
    const auto asked = read_record<RetryRequested>(record.json);
    return fold_request({asked.number.value_or(0), record.at(), asked.through_attempt}, retry);
  }
  if (kind == CancelRequested::kKind) {
    const auto asked = read_record<CancelRequested>(record.json);
    return fold_request({asked.number.value_or(0), record.at(), std::nullopt}, cancel);
  }
  if (kind != AttemptStarted::kKind && kind != EpochPosition::kKind &&
      kind != AttemptFinished::kKind) {
    return false;  // of an evaluation, or of a newer headway
  }
  const bool is_news =
      fold_attempt(record, integer_in(record.json.at("attempt"), {1, kMostAttempts}));
  if (is_news) supersede();
  return is_news;
}

// Whoever starts a higher attempt has seen no `done` of a lower one: that came too late.
void TrialHistory::supersede() {
  for (auto& [number, attempt] : attempts) {
    if (number != highest_attempt() && attempt.state == "done") attempt.state = kSuperseded;
  }
}

bool TrialHistory::fold_attempt(const SegmentRecord& record, std::int64_t number) {
  const auto known = attempts.find(number);
  AttemptRecord attempt;  // a copy: a malformed record must change nothing
  if (known != attempts.end()) attempt = known->second;
  attempt.attempt = number;
  const std::string kind = record.kind();
  if (kind == AttemptFinished::kKind) return fold_end(with_end(std::move(attempt), record));
  if (kind == AttemptStarted::kKind) fold_started(record, attempt);
  if (kind == EpochPosition::kKind) fold_metrics(record, attempt);
  attempts[number] = std::move(attempt);
  return true;
}

bool TrialHistory::fold_end(AttemptRecord ended) {
  AttemptRecord& known = attempts[ended.attempt];
  const bool has_ended = known.state != "running";
  if (has_ended && end_rank(known) <= end_rank(ended)) return false;
  known = std::move(ended);
  return true;
}

const AttemptRecord* TrialHistory::last_attempt() const {
  return attempts.empty() ? nullptr : &attempts.rbegin()->second;
}

bool TrialHistory::cancel_requested() const {
  if (!cancel.is_made() || cancel.number != retry.number) return cancel.number > retry.number;
  return cancel.number > 0 || cancel.at > retry.at;
}

bool TrialHistory::is_retried(const AttemptRecord& attempt) const {
  if (!retry.is_made()) return false;
  if (retry.through_attempt) return attempt.attempt <= *retry.through_attempt;
  return attempt.finished_at <= retry.at;
}

TrialState TrialHistory::state() const {
  const AttemptRecord* last = last_attempt();
  if (last != nullptr && last->state == "done") return TrialState::kDone;
  if (last != nullptr && last->state == "running") return TrialState::kRunning;
  if (cancel_requested()) return TrialState::kCancelled;
  if (last == nullptr || last->state == "yielded" || is_retried(*last)) return TrialState::kPending;
  if (last->state == "cancelled") return TrialState::kCancelled;
  // Whoever was preempted did nothing wrong and goes on later.
  if (last->failure_class() == FailureClass::kPreempted) return TrialState::kPending;
  return TrialState::kFailed;
}

std::vector<const AttemptRecord*> TrialHistory::failed_attempts() const {
  std::vector<const AttemptRecord*> failed;
  for (const auto& [number, attempt] : attempts) {
    if (attempt.state == "failed" && !is_retried(attempt)) failed.push_back(&attempt);
  }
  return failed;
}

std::map<FailureClass, int> TrialHistory::failures() const {
  std::map<FailureClass, int> counts;
  for (const AttemptRecord* attempt : failed_attempts()) ++counts[attempt->failure_class()];
  return counts;
}

const AttemptRecord* TrialHistory::bound_to_data() const {
  const AttemptRecord* last = last_attempt();
  if (last != nullptr && last->state == "done") return last->data_sha256.empty() ? nullptr : last;
  // The latest first. NOLINTNEXTLINE(modernize-loop-convert)
  for (auto entry = attempts.rbegin(); entry != attempts.rend(); ++entry) {
    const AttemptRecord& attempt = entry->second;
    if (is_retried(attempt)) return nullptr;
    if (!attempt.data_sha256.empty()) return &attempt;
  }
  return nullptr;
}

std::string TrialHistory::final_weights_sha256() const {
  const AttemptRecord* last = last_attempt();
  return last != nullptr && last->state == "done" ? last->weights_sha256 : "";
}

}  // namespace headway
