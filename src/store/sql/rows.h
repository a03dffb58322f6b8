#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "store/segments/trial_history.h"
#include "store/sql/sql_table.h"

namespace headway {

// The rows of the results store. A `visit` names every field in the order of the table's columns
// (the row may be const); texts that are not known are "". Times are UTC text, durations seconds.

/// What stands as the evaluation of values that training itself recorded.
inline constexpr const char* kTrainingEvaluation = "training";

struct TrialRow {
  static constexpr const char* kTable = "trials";
  static constexpr std::array kKey{"sweep", "trial_id"};
  static constexpr std::array kJsonColumns{"config"};

  std::string trial_id;
  std::string cell_id;
  std::string sweep;
  std::string state = "pending";
  std::string failure;
  std::int64_t attempts = 0;
  std::optional<std::int64_t> seed;
  std::string config;                // canonical JSON
  std::string started_at;            // of the first attempt
  std::string finished_at;           // of the last attempt
  std::optional<double> duration_s;  // all attempts together
  std::optional<std::int64_t> world_size;
  std::string device;
  std::string host;
  std::string headway_version;
  std::string git_revision;
  std::string torch_version;
  std::string weights_sha256;
  std::string state_sha256;
  std::string metrics_sha256;
  std::string class_vectors_sha256;
  std::string data_sha256;
  std::optional<std::int64_t> threads_per_rank;
  std::string precision;
  std::string message;
  // Place in the sweep's present plan; absent for a trial that vanished from it.
  std::optional<std::int64_t> plan_position;

  bool in_plan() const { return plan_position.has_value(); }

  static void visit(auto& record, auto&& field) {
    field("trial_id", record.trial_id);
    field("cell_id", record.cell_id);
    field("sweep", record.sweep);
    field("state", record.state);
    field("failure", record.failure);
    field("attempts", record.attempts);
    field("seed", record.seed);
    field("config", record.config);
    field("started_at", record.started_at);
    field("finished_at", record.finished_at);
    field("duration_s", record.duration_s);
    field("world_size", record.world_size);
    field("device", record.device);
    field("host", record.host);
    field("headway_version", record.headway_version);
    field("git_revision", record.git_revision);
    field("torch_version", record.torch_version);
    field("weights_sha256", record.weights_sha256);
    field("state_sha256", record.state_sha256);
    field("metrics_sha256", record.metrics_sha256);
    field("class_vectors_sha256", record.class_vectors_sha256);
    field("data_sha256", record.data_sha256);
    field("threads_per_rank", record.threads_per_rank);
    field("precision", record.precision);
    field("message", record.message);
    field("plan_position", record.plan_position);
  }

  bool operator==(const TrialRow&) const = default;
};

/// One leaf of a trial's configuration.
struct ParameterRow {
  static constexpr const char* kTable = "parameters";
  static constexpr std::array kKey{"sweep", "key", "trial_id"};

  std::string key;
  std::optional<std::string> value;  // may be ""

  static void visit(auto& record, auto&& field) {
    field("key", record.key);
    field("value", record.value);
  }
};

struct MetricRow {
  static constexpr const char* kTable = "metrics";
  static constexpr std::array kKey{
      "sweep", "trial_id", "attempt", "epoch", "step", "split", "name"};

  std::int64_t attempt = 0;
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::string split;
  std::string name;
  std::optional<double> value;

  static void visit(auto& record, auto&& field) {
    field("attempt", record.attempt);
    field("epoch", record.epoch);
    field("step", record.step);
    field("split", record.split);
    field("name", record.name);
    field("value", record.value);
  }
};

/// A final value: of training, or of a later evaluation of the final weights.
struct ResultRow {
  static constexpr const char* kTable = "results";
  static constexpr std::array kKey{"sweep", "trial_id", "evaluation", "split", "name"};

  std::string split;
  std::string name;
  std::optional<double> value;
  std::string missing_reason;
  std::string evaluation = kTrainingEvaluation;

  /// "test/top1_accuracy", "calibration:test/ece".
  std::string label() const {
    const std::string prefix = evaluation == kTrainingEvaluation ? "" : evaluation + ":";
    return prefix + split + "/" + name;
  }

  static void visit(auto& record, auto&& field) {
    field("split", record.split);
    field("name", record.name);
    field("value", record.value);
    field("missing_reason", record.missing_reason);
    field("evaluation", record.evaluation);
  }
};

/// What is known of one evaluation of one set of weights. Only that of the final weights, with
/// the trial done, has rows in `results`.
struct EvaluationRow {
  static constexpr const char* kTable = "evaluations";
  static constexpr std::array kKey{"sweep", "trial_id", "evaluation", "weights_sha256"};
  static constexpr std::array kJsonColumns{"results", "missing"};

  std::string evaluation;
  std::string weights_sha256;
  std::int64_t attempt = 0;  // of training, whose weights these are
  std::int64_t claim = 0;    // number of the attempt at the evaluation; the highest one counts
  std::string evaluated_at;
  std::optional<double> duration_s;
  std::string results;  // JSON as in its record
  std::string missing;

  static void visit(auto& record, auto&& field) {
    field("evaluation", record.evaluation);
    field("weights_sha256", record.weights_sha256);
    field("attempt", record.attempt);
    field("claim", record.claim);
    field("evaluated_at", record.evaluated_at);
    field("duration_s", record.duration_s);
    field("results", record.results);
    field("missing", record.missing);
  }
};

/// A row that belongs to a trial: its own columns between trial_id and sweep.
template <typename Record>
struct OfTrial {
  static constexpr const char* kTable = Record::kTable;
  static constexpr auto kKey = Record::kKey;
  static constexpr auto kJsonColumns = [] {
    if constexpr (requires { Record::kJsonColumns; }) {
      return Record::kJsonColumns;
    } else {
      return std::array<const char*, 0>{};
    }
  }();

  std::string trial_id;
  Record record;
  std::string sweep;

  static void visit(auto& row, auto&& field) {
    field("trial_id", row.trial_id);
    Record::visit(row.record, field);
    field("sweep", row.sweep);
  }
};

// What sync needs to go on where it left off; not for users.

/// A retry or cancel request that counts.
struct RequestRow {
  static constexpr const char* kTable = "store_requests";
  static constexpr std::array kKey{"sweep", "trial_id", "kind"};

  std::string kind;
  // Always there. As NOT NULL behind key columns that stand in another order, SQLite's own check of
  // a table without row ids takes it for NULL.
  std::optional<std::int64_t> number;
  std::string at;
  std::optional<std::int64_t> through_attempt;

  static void visit(auto& record, auto&& field) {
    field("kind", record.kind);
    field("number", record.number);
    field("at", record.at);
    field("through_attempt", record.through_attempt);
  }
};

struct StateRow {
  static constexpr const char* kTable = "store_state";
  static constexpr std::array kKey{"sweep", "key"};

  std::string sweep;
  std::string key;
  std::string value;

  static void visit(auto& record, auto&& field) {
    field("sweep", record.sweep);
    field("key", record.key);
    field("value", record.value);
  }
};

/// How far a segment was read.
struct SegmentRow {
  static constexpr const char* kTable = "store_segments";
  static constexpr std::array kKey{"sweep", "segment"};

  std::string sweep;
  std::string segment;
  std::int64_t read_to = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::string writer;  // its `writer` record

  static void visit(auto& record, auto&& field) {
    field("sweep", record.sweep);
    field("segment", record.segment);
    field("read_to", record.read_to);
    field("size", record.size);
    field("modified_ns", record.modified_ns);
    field("writer", record.writer);
  }
};

/// A segment that was read and is gone or shorter now. Stays until it is back.
struct LostSegmentRow {
  static constexpr const char* kTable = "store_lost_segments";
  static constexpr std::array kKey{"sweep", "segment"};

  std::string sweep;
  std::string segment;
  std::int64_t read_to = 0;
  std::string writer;  // its `writer` record
  std::string trials;  // JSON: ids of those that it told of
  std::int64_t is_accepted = 0;

  static void visit(auto& record, auto&& field) {
    field("sweep", record.sweep);
    field("segment", record.segment);
    field("read_to", record.read_to);
    field("writer", record.writer);
    field("trials", record.trials);
    field("is_accepted", record.is_accepted);
  }
};

struct DamageRow {
  static constexpr const char* kTable = "store_damage";
  static constexpr std::array kKey{"sweep", "segment", "start"};

  std::string sweep;
  std::string segment;
  std::int64_t start = 0;
  std::int64_t bytes = 0;
  std::int64_t is_torn_tail = 0;
  std::string reason;

  static void visit(auto& record, auto&& field) {
    field("sweep", record.sweep);
    field("segment", record.segment);
    field("start", record.start);
    field("bytes", record.bytes);
    field("is_torn_tail", record.is_torn_tail);
    field("reason", record.reason);
  }
};

template <typename... Rows>
struct RowList {
  static std::vector<SqlTable> tables() { return {sql_table<Rows>()...}; }
};
/// What users query; stable.
using PublicRows = RowList<TrialRow,
                           OfTrial<ParameterRow>,
                           OfTrial<MetricRow>,
                           OfTrial<ResultRow>,
                           OfTrial<AttemptRecord>,
                           OfTrial<EvaluationRow>>;
using InternalRows = RowList<OfTrial<RequestRow>, StateRow, SegmentRow, LostSegmentRow, DamageRow>;

}  // namespace headway
