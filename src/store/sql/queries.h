#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/segments/trial_history.h"
#include "store/sql/results_store.h"

namespace headway {

// Questions to a results store. Call ResultsStore::sync first.

/// A row of `trials`; the names are its columns. Texts that are not known are "".
struct TrialRow {
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
  std::optional<std::int64_t> threads_per_rank;
  std::string precision;
  std::string message;
  std::optional<std::int64_t> plan_position;  // absent: no longer in the plan

  bool in_plan() const { return plan_position.has_value(); }

  /// Names every field, in the order of the columns; `record` may be const.
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
    field("threads_per_rank", record.threads_per_rank);
    field("precision", record.precision);
    field("message", record.message);
    field("plan_position", record.plan_position);
  }

  bool operator==(const TrialRow&) const = default;
};

struct TrialFilter {
  std::vector<TrialState> states = {};  // empty: all
  bool include_vanished = false;
};
/// In plan order; vanished trials last.
std::vector<TrialRow> list_trials(const ResultsStore& store, const TrialFilter& filter = {});

/// The id that `text` is, or begins. ConfigError when none does (with the nearest) or several do.
std::string find_trial(const ResultsStore& store, const std::string& text);

struct ResultRow {
  std::string split;
  std::string name;
  std::optional<double> value;
  std::string missing_reason;

  static void visit(auto& record, auto&& field) {
    field("split", record.split);
    field("name", record.name);
    field("value", record.value);
    field("missing_reason", record.missing_reason);
  }
};

struct TrialDetails {
  TrialRow trial;
  std::vector<AttemptRecord> attempts;
  std::vector<ResultRow> results;
};
/// `trial_id` may be an unambiguous prefix.
TrialDetails trial_details(const ResultsStore& store, const std::string& trial_id);

struct MetricRow {
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
/// By epoch, step, split, name. `trial_id` may be an unambiguous prefix.
std::vector<MetricRow> trial_metrics(const ResultsStore& store, const std::string& trial_id);

struct SweepSummary {
  std::string sweep;
  std::map<TrialState, std::int64_t> trials;     // of the plan, every state present
  std::map<std::string, std::int64_t> failures;  // failed trials of the plan by class
  std::int64_t total = 0;                        // trials of the plan
  std::int64_t vanished = 0;                     // trials with records or rows outside it
  double busy_seconds = 0;                       // all attempts of the plan's trials together
};
SweepSummary sweep_summary(const ResultsStore& store);

}  // namespace headway
