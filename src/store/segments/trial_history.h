#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/limits.h"
#include "store/segments/records.h"
#include "store/segments/segment_reader.h"

namespace headway {

enum class TrialState { kPending, kRunning, kDone, kFailed, kCancelled };
std::string to_string(TrialState state);
/// ConfigError with the nearest name for an unknown state.
TrialState trial_state_from_string(const std::string& text);

/// One attempt as its records tell it. Texts that are not known are "". The names are the columns
/// of the results store's table `attempts`.
struct AttemptRecord {
  static constexpr const char* kTable = "attempts";
  static constexpr std::array kKey{"sweep", "trial_id", "attempt"};

  std::int64_t attempt = 0;
  std::string state = "running";  // running | done | failed | yielded | cancelled | superseded
  std::string failure;
  std::string message;
  std::optional<std::int64_t> exit_code;
  std::string worker_group;
  std::string host;
  std::string device;
  std::optional<std::int64_t> world_size;
  std::optional<std::int64_t> threads_per_rank;
  std::string precision;
  std::optional<std::int64_t> resumed_from_step;  // absent while no attempt_started record is known
  std::optional<std::int64_t> epoch;              // of the last metrics
  std::optional<std::int64_t> step;
  std::string started_at;
  std::string finished_at;
  std::string finished_by;  // role of the writer that reported the end
  std::optional<double> duration_s;
  std::string headway_version;
  std::string git_revision;
  std::string torch_version;
  std::string weights_sha256;
  std::string state_sha256;
  std::string metrics_sha256;
  std::string class_vectors_sha256;
  std::string data_sha256;
  std::string data_folder;
  // For the retry policy alone, no column: groups on the same machine when memory ran out.
  std::optional<std::int64_t> groups_beside;

  FailureClass failure_class() const { return failure_class_from_string(failure); }

  /// Names every field, in the order of the columns; `record` may be const.
  static void visit(auto& record, auto&& field) {
    field("attempt", record.attempt);
    field("state", record.state);
    field("failure", record.failure);
    field("message", record.message);
    field("exit_code", record.exit_code);
    field("worker_group", record.worker_group);
    field("host", record.host);
    field("device", record.device);
    field("world_size", record.world_size);
    field("threads_per_rank", record.threads_per_rank);
    field("precision", record.precision);
    field("resumed_from_step", record.resumed_from_step);
    field("epoch", record.epoch);
    field("step", record.step);
    field("started_at", record.started_at);
    field("finished_at", record.finished_at);
    field("finished_by", record.finished_by);
    field("duration_s", record.duration_s);
    field("headway_version", record.headway_version);
    field("git_revision", record.git_revision);
    field("torch_version", record.torch_version);
    field("weights_sha256", record.weights_sha256);
    field("state_sha256", record.state_sha256);
    field("metrics_sha256", record.metrics_sha256);
    field("class_vectors_sha256", record.class_vectors_sha256);
    field("data_sha256", record.data_sha256);
    field("data_folder", record.data_folder);
  }

  bool operator==(const AttemptRecord&) const = default;
};

/// The state of an attempt that was recorded as done when a higher one had taken over: it was
/// fenced off, wrote all the same, and does not count.
inline constexpr const char* kSuperseded = "superseded";

/// A person's wish about a trial: the latest one of its kind.
struct TrialRequest {
  std::int64_t number = 0;
  std::string at;  // "" when there was none
  std::optional<std::int64_t> through_attempt;

  bool is_made() const { return !at.empty(); }
  bool operator==(const TrialRequest&) const = default;
};

/// What all records of one trial's training add up to; of one evaluation of it, EvaluationState
/// keeps another. The outcome does not depend on the order in which records of different segments
/// are read.
struct TrialHistory {
  std::map<std::int64_t, AttemptRecord> attempts;  // by number
  TrialRequest retry;
  TrialRequest cancel;

  /// Takes in a record about this trial. False when it changes nothing: it was outdone by one
  /// already there, or tells of something else than training.
  bool fold(const SegmentRecord& record);
  /// Takes in the end of an attempt. False when it was outdone: of two ends of one attempt, `done`
  /// wins, then the worker's own word, then whichever text comes first.
  bool fold_end(AttemptRecord ended);

  TrialState state() const;
  /// The highest attempt, which decides; nullptr when there was none.
  const AttemptRecord* last_attempt() const;
  std::int64_t highest_attempt() const { return attempts.empty() ? 0 : attempts.rbegin()->first; }
  /// Failed attempts, without those that a later retry request forgave, by number.
  std::vector<const AttemptRecord*> failed_attempts() const;
  /// The same by class.
  std::map<FailureClass, int> failures() const;
  bool cancel_requested() const;
  /// The number for a request by someone who has seen all this. Where the last number is taken
  /// there is no higher one that could be read.
  std::int64_t next_request() const {
    return std::min<std::int64_t>(std::max(retry.number, cancel.number) + 1, kMostAttempts);
  }
  /// Of the deciding attempt once it is done; "" before.
  std::string final_weights_sha256() const;
  /// The attempt whose data all further ones must see: the deciding one when the trial is done,
  /// else the last that began on known data and that no retry took back. nullptr when there is
  /// none.
  const AttemptRecord* bound_to_data() const;

  bool operator==(const TrialHistory&) const = default;

 private:
  void supersede();
  bool fold_attempt(const SegmentRecord& record, std::int64_t number);
  bool is_retried(const AttemptRecord& attempt) const;
};

}  // namespace headway
