#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/ids.h"

namespace headway {

// Records of a segment, one JSON object per line, framed as
//   LLLLLLLL CCCCCCCC {json}\n      (length of the JSON in bytes, its CRC-32; 8 hex digits each)
// Every record has "kind" and "at" (UTC timestamp, added by the SegmentWriter); the other keys are
// named here, once. A `visit` names them by
//   field.required(key, value)   a record without it is no record
//   field.numbered(key, value)   likewise; number of an attempt, from 1
//   field.steps(key, value)      absent reads as the default; may not fit an int;
//                                required_steps likewise
//   field(key, value)            always written; absent reads as the default
//   field.threads(key, value)    left out when absent; as many as a sweep may ask for;
//                                ranks likewise
//   field.optional(key, value)   left out when absent or ""
//
// The last attempt that was started decides; records of lower attempts are superseded: one that was
// fenced off may write them when it is too late, `done` included. A metrics record of a lower
// attempt still stands when every higher attempt resumed at or after its step.
//
// Nothing is ordered by "at": clocks of hosts differ. Attempts and claims are numbered, and a
// request carries what its writer had seen.

/// Version of the records that this program writes and the newest that it reads. A segment's
/// `writer` record says the version of all records of the segment; without one it is 1. It rises
/// when a kind or a key changes its meaning; a new kind, or a key that may be absent, is no new
/// version. Segments of a newer version and records of unknown kinds are passed over with a note.
inline constexpr std::int64_t kRecordVersion = 1;

/// split -> name -> value; nothing where the statistic is undefined.
using RecordedValues = std::map<std::string, std::map<std::string, std::optional<double>>>;
/// split -> name -> why there is no value.
using MissingReasons = std::map<std::string, std::map<std::string, std::string>>;

/// The first record of a segment: who writes it.
struct WriterRecord {
  static constexpr const char* kKind = "writer";
  std::string role = {};  // worker | supervisor | command
  std::optional<ProcessIdentity> process = {};
  std::string headway_version = {};
  std::string git_revision = {};
  std::string torch_version = {};  // of a worker
  std::string group = {};          // of a worker: its worker group
  std::int64_t record_version = 1;

  static void visit(auto& record, auto&& field) {
    field("role", record.role);
    field.optional("process", record.process);
    field("headway_version", record.headway_version);
    field("git_revision", record.git_revision);
    field.optional("torch_version", record.torch_version);
    field.optional("group", record.group);
    field("record_version", record.record_version);
  }
};

struct AttemptStarted {
  static constexpr const char* kKind = "attempt_started";
  TrialId trial_id = {};
  std::int64_t attempt = 0;
  std::string group = {};
  std::string host = {};
  std::string device = {};
  std::optional<std::int64_t> world_size = {};
  std::optional<std::int64_t> threads_per_rank = {};
  std::string precision = {};
  std::int64_t resumed_from_step = 0;  // 0: from the start
  std::string data_sha256 = {};        // of the decoded data
  std::string data_folder = {};        // where their files lay

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.numbered("attempt", record.attempt);
    field("group", record.group);
    field("host", record.host);
    field("device", record.device);
    field.ranks("world_size", record.world_size);
    field.threads("threads_per_rank", record.threads_per_rank);
    field("precision", record.precision);
    field.steps("resumed_from_step", record.resumed_from_step);
    field.optional("data_sha256", record.data_sha256);
    field.optional("data_folder", record.data_folder);
  }
};

/// How far an attempt has come: a `metrics` record without its values.
struct EpochPosition {
  static constexpr const char* kKind = "metrics";
  TrialId trial_id = {};
  std::int64_t attempt = 0;
  std::int64_t epoch = 0;  // epochs done, from 1
  std::int64_t step = 0;   // steps done

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.numbered("attempt", record.attempt);
    field.required("epoch", record.epoch);
    field.required_steps("step", record.step);
  }
};

/// What an epoch of training ended with.
struct EpochMetrics {
  static constexpr const char* kKind = EpochPosition::kKind;
  EpochPosition position;
  RecordedValues values = {};

  static void visit(auto& record, auto&& field) {
    EpochPosition::visit(record.position, field);
    field.required("values", record.values);
  }
};

/// Reported by the worker itself, or by whoever found that it had left without a word.
struct AttemptFinished {
  static constexpr const char* kKind = "attempt_finished";
  TrialId trial_id = {};
  std::int64_t attempt = 0;
  std::string state = {};    // done | failed | yielded | cancelled
  std::string failure = {};  // class; "" when done
  std::string message = {};
  std::optional<std::int64_t> exit_code = {};
  std::optional<double> duration_s = {};
  // Out of memory: what shared the memory.
  std::optional<std::int64_t> world_size = {};
  std::optional<std::int64_t> groups_beside = {};  // other groups on the same machine
  // Done:
  std::string precision = {};
  std::string weights_sha256 = {};
  std::string state_sha256 = {};
  std::string metrics_sha256 = {};
  std::string class_vectors_sha256 = {};
  std::string data_sha256 = {};
  std::optional<RecordedValues> results = {};
  std::optional<MissingReasons> missing = {};

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.numbered("attempt", record.attempt);
    field.required("state", record.state);
    field("failure", record.failure);
    field("message", record.message);
    field.optional("exit_code", record.exit_code);
    field.optional("duration_s", record.duration_s);
    field.ranks("world_size", record.world_size);
    field.optional("groups_beside", record.groups_beside);
    field.optional("precision", record.precision);
    field.optional("weights_sha256", record.weights_sha256);
    field.optional("state_sha256", record.state_sha256);
    field.optional("metrics_sha256", record.metrics_sha256);
    field.optional("class_vectors_sha256", record.class_vectors_sha256);
    field.optional("data_sha256", record.data_sha256);
    field.optional("results", record.results);
    field.optional("missing", record.missing);
  }
};

/// Failed attempts so far no longer count, a cancelled trial is pending again.
struct RetryRequested {
  static constexpr const char* kKind = "retry_requested";
  TrialId trial_id = {};
  // One more than any request about this trial that the writer had seen: it is later than those.
  // Absent: of a time when requests were ordered by the records' times.
  std::optional<std::int64_t> number = {};
  std::optional<std::int64_t> through_attempt = {};  // "so far"; absent: by the records' times

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.optional("number", record.number);
    field.optional("through_attempt", record.through_attempt);
  }
};

/// Not to be started (any more), until a retry is requested. Of two requests that did not see each
/// other, this one counts.
struct CancelRequested {
  static constexpr const char* kKind = "cancel_requested";
  TrialId trial_id = {};
  std::optional<std::int64_t> number = {};  // as of a RetryRequested

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.optional("number", record.number);
  }
};

/// What a suite found in a trial's final weights after training. Counts as long as these are the
/// weights of the attempt that decides; stands beside what training recorded, never in its place.
struct Evaluated {
  static constexpr const char* kKind = "evaluated";
  TrialId trial_id = {};
  std::string evaluation = {};  // the suite: calibration, ...
  std::int64_t attempt = 0;     // of training, whose weights these are
  std::string weights_sha256 = {};
  std::int64_t claim = 0;  // number of this attempt at the evaluation, from 1
  std::string group = {};
  std::string host = {};
  std::string device = {};
  std::string precision = {};
  std::optional<std::int64_t> threads_per_rank = {};
  std::optional<double> duration_s = {};
  RecordedValues results = {};
  MissingReasons missing = {};

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.required("evaluation", record.evaluation);
    field.numbered("attempt", record.attempt);
    field.required("weights_sha256", record.weights_sha256);
    field("claim", record.claim);
    field.optional("group", record.group);
    field.optional("host", record.host);
    field.optional("device", record.device);
    field.optional("precision", record.precision);
    field.threads("threads_per_rank", record.threads_per_rank);
    field.optional("duration_s", record.duration_s);
    field.required("results", record.results);
    field("missing", record.missing);
  }
};

/// Reported by the worker itself, or by whoever found that it had left without a word.
struct EvaluationFailed {
  static constexpr const char* kKind = "evaluation_failed";
  TrialId trial_id = {};
  std::string evaluation = {};
  std::int64_t claim = 0;    // number of this attempt at the evaluation, from 1
  std::string failure = {};  // class, as of attempts at training
  std::string message = {};
  std::optional<std::int64_t> groups_beside = {};  // out of memory: others on the same machine

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.required("evaluation", record.evaluation);
    field("claim", record.claim);
    field("failure", record.failure);
    field("message", record.message);
    field.optional("groups_beside", record.groups_beside);
  }
};

/// The evaluation is to be done (again): attempts at it so far no longer count. Results stay until
/// there are new ones.
struct EvaluationRequested {
  static constexpr const char* kKind = "evaluation_requested";
  TrialId trial_id = {};
  std::string evaluation = {};
  std::int64_t through_claim = 0;  // "so far"

  static void visit(auto& record, auto&& field) {
    field.required("trial_id", record.trial_id);
    field.required("evaluation", record.evaluation);
    field.required("through_claim", record.through_claim);
  }
};

/// Kinds of records.
template <typename... Records>
struct RecordList {
  static std::vector<std::string> kinds() { return {Records::kKind...}; }
};
/// All that this program writes and reads.
using RecordKinds = RecordList<WriterRecord,
                               AttemptStarted,
                               EpochMetrics,
                               AttemptFinished,
                               RetryRequested,
                               CancelRequested,
                               Evaluated,
                               EvaluationFailed,
                               EvaluationRequested>;

}  // namespace headway
