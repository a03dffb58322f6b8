#include "store/sql/trial_sync.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "store/segments/record_json.h"
#include "store/segments/trial_history.h"
#include "store/sql/damaged_row.h"
#include "store/sql/rows.h"
#include "store/sql/sql_record.h"

namespace headway {
namespace {

void describe_outcome(const TrialHistory& record, TrialRow& row) {
  const AttemptRecord* last = record.last_attempt();
  const TrialState state = record.state();
  row.state = to_string(state);
  row.attempts = static_cast<std::int64_t>(record.attempts.size());
  if (last == nullptr) return;
  const bool failed = state == TrialState::kFailed;
  row.failure = failed ? last->failure : "";
  row.message = failed ? last->message : "";
  row.started_at = record.attempts.begin()->second.started_at;
  row.finished_at = last->finished_at;
  row.duration_s = std::nullopt;
  for (const auto& [number, attempt] : record.attempts) {
    if (attempt.duration_s) row.duration_s = row.duration_s.value_or(0) + *attempt.duration_s;
  }
  row.world_size = last->world_size;
  row.device = last->device;
  row.host = last->host;
  row.headway_version = last->headway_version;
  row.git_revision = last->git_revision;
  row.torch_version = last->torch_version;
  row.weights_sha256 = last->weights_sha256;
  row.state_sha256 = last->state_sha256;
  row.metrics_sha256 = last->metrics_sha256;
  row.class_vectors_sha256 = last->class_vectors_sha256;
  row.data_sha256 = last->data_sha256;
  row.threads_per_rank = last->threads_per_rank;
  row.precision = last->precision;
}

std::string reason_of(const MissingReasons& missing,
                      const std::string& split,
                      const std::string& name) {
  const auto reasons = missing.find(split);
  if (reasons == missing.end()) return "";
  const auto reason = reasons->second.find(name);
  return reason == reasons->second.end() ? "" : reason->second;
}

std::vector<ResultRow> result_rows(const std::string& evaluation,
                                   const RecordedValues& results,
                                   const MissingReasons& missing) {
  std::vector<ResultRow> rows;
  for (const auto& [split, values] : results) {
    for (const auto& [name, value] : values) {
      rows.push_back({split, name, value, reason_of(missing, split, name), evaluation});
    }
  }
  return rows;
}

// The record that `row` came from, as far as results go.
Evaluated evaluated_of(const EvaluationRow& row) {
  return read_cell("evaluations.results", row.results, [&](const nlohmann::json& results) {
    return read_record<Evaluated>({{"trial_id", TrialId()},
                                   {"evaluation", row.evaluation},
                                   {"attempt", row.attempt},
                                   {"weights_sha256", row.weights_sha256},
                                   {"results", results},
                                   {"missing", parse_json(row.missing)}});
  });
}

EvaluationRow row_of(const Evaluated& evaluated, const SegmentRecord& record) {
  const nlohmann::json json = record_json(evaluated);
  return {evaluated.evaluation,
          evaluated.weights_sha256,
          evaluated.attempt,
          evaluated.claim,
          record.at(),
          evaluated.duration_s,
          json.at("results").dump(),
          json.at("missing").dump()};
}

// Of two evaluations of the same weights the greater one counts, whichever was read first. Times
// are those of several hosts' clocks: they decide only between equals.
auto evaluation_rank(const EvaluationRow& row) {
  return std::tie(row.claim, row.attempt, row.results, row.missing, row.evaluated_at);
}

// All that new records said of one trial, on top of what the store knew.
struct Touched {
  TrialHistory history;
  std::map<std::int64_t, std::vector<ResultRow>> results;  // of attempts that ended just now
  // By (evaluation, weights).
  std::map<std::pair<std::string, std::string>, EvaluationRow> evaluations;
};

}  // namespace

// Folds new records into what the store knows of their trials, then writes those trials.
class TrialSync::Impl {
 public:
  explicit Impl(const SqlScope& scope)
      : scope_(scope),
        read_trial_(scope.sql, kOfTrial, 2),
        read_attempts_(scope.sql, kOfTrial, 2),
        read_requests_(scope.sql, kOfTrial, 2),
        read_evaluations_(scope.sql, kOfTrial, 2),
        write_trial_(scope),
        write_attempt_(scope),
        write_request_(scope),
        write_metric_(scope),
        write_result_(scope),
        write_evaluation_(scope) {}

  void take(const SegmentRecord& record) {
    const auto id = record.trial_id();
    if (!id) return;
    const std::string& trial_id = *id;
    const std::string kind = record.kind();
    if (kind == AttemptFinished::kKind) return take_finished(record, trial_id);
    if (kind == Evaluated::kKind) return take_evaluated(record, trial_id);
    touched(trial_id).history.fold(record);
    if (kind == EpochMetrics::kKind) write_metrics(read_record<EpochMetrics>(record.json));
  }

  void finish() {
    for (const auto& [trial_id, trial] : trials_) write(trial_id, trial);
  }

 private:
  void take_finished(const SegmentRecord& record, const std::string& trial_id) {
    // Read first: a malformed record must change nothing.
    const auto finished = read_record<AttemptFinished>(record.json);
    Touched& trial = touched(trial_id);
    if (!trial.history.fold(record)) return;
    trial.results[finished.attempt] = result_rows(kTrainingEvaluation,
                                                  finished.results.value_or(RecordedValues{}),
                                                  finished.missing.value_or(MissingReasons{}));
  }

  void take_evaluated(const SegmentRecord& record, const std::string& trial_id) {
    const auto evaluated = read_record<Evaluated>(record.json);
    if (evaluated.evaluation == kTrainingEvaluation) return;  // never in the place of training's
    EvaluationRow candidate = row_of(evaluated, record);
    EvaluationRow& known =
        touched(trial_id).evaluations[{evaluated.evaluation, evaluated.weights_sha256}];
    if (evaluation_rank(candidate) > evaluation_rank(known)) known = std::move(candidate);
  }

  Touched& touched(const std::string& trial_id) {
    const auto [place, is_new] = trials_.try_emplace(trial_id);
    Touched& trial = place->second;
    if (!is_new) return trial;
    const std::vector<std::string> key{scope_.sweep, trial_id};
    read_attempts_.each(key, [&](const OfTrial<AttemptRecord>& row) {
      trial.history.attempts[row.record.attempt] = row.record;
    });
    read_requests_.each(key, [&](const OfTrial<RequestRow>& row) {
      const RequestRow& request = row.record;
      TrialRequest& known = request.kind == kRetry ? trial.history.retry : trial.history.cancel;
      if (request.number) known.number = *request.number;
      known.at = request.at;
      known.through_attempt = request.through_attempt;
    });
    read_evaluations_.each(key, [&](const OfTrial<EvaluationRow>& row) {
      trial.evaluations[{row.record.evaluation, row.record.weights_sha256}] = row.record;
    });
    return trial;
  }

  void write(const std::string& trial_id, const Touched& trial) {
    TrialRow row;
    row.trial_id = trial_id;  // a trial that no manifest knows still has a row
    read_trial_.each({scope_.sweep, trial_id}, [&](const TrialRow& known) { row = known; });
    row.sweep = scope_.sweep;
    describe_outcome(trial.history, row);
    write_trial_.write(row);
    for (const auto& [number, attempt] : trial.history.attempts) {
      write_attempt_.write({trial_id, attempt, scope_.sweep});
    }
    write_request(trial_id, kRetry, trial.history.retry);
    write_request(trial_id, kCancel, trial.history.cancel);
    write_training_results(trial_id, trial);
    write_evaluations(trial_id, trial);
    drop_superseded(trial_id, trial.history);
  }

  void write_request(const std::string& trial_id, const char* kind, const TrialRequest& request) {
    if (!request.is_made()) return;
    OfTrial<RequestRow> row;
    row.trial_id = trial_id;
    row.record.kind = kind;
    row.record.number = request.number;
    row.record.at = request.at;
    row.record.through_attempt = request.through_attempt;
    row.sweep = scope_.sweep;
    write_request_.write(row);
  }

  void write_metrics(const EpochMetrics& record) {
    const EpochPosition& at = record.position;
    OfTrial<MetricRow> row{at.trial_id, {at.attempt, at.epoch, at.step, "", "", {}}, scope_.sweep};
    for (const auto& [split, values] : record.values) {
      row.record.split = split;
      for (const auto& [name, value] : values) {
        row.record.name = name;
        row.record.value = value;
        write_metric_.write(row);
      }
    }
  }

  // Of the deciding attempt, once it is done.
  void write_training_results(const std::string& trial_id, const Touched& trial) {
    const AttemptRecord* last = trial.history.last_attempt();
    const bool is_done = last != nullptr && last->state == "done";
    const auto fresh = trial.results.find(trial.history.highest_attempt());
    if (is_done && fresh == trial.results.end()) return;  // written when the attempt ended
    erase_results(trial_id, "=");
    if (!is_done) return;
    for (const ResultRow& row : fresh->second) write_result_.write({trial_id, row, scope_.sweep});
  }

  // All evaluations are kept, and those of the final weights are results.
  void write_evaluations(const std::string& trial_id, const Touched& trial) {
    if (trial.evaluations.empty()) return;
    erase_results(trial_id, "<>");
    const std::string weights = trial.history.final_weights_sha256();
    for (const auto& [key, row] : trial.evaluations) {
      write_evaluation_.write({trial_id, row, scope_.sweep});
      if (weights.empty() || row.weights_sha256 != weights) continue;
      const Evaluated evaluated = evaluated_of(row);
      for (const ResultRow& result :
           result_rows(evaluated.evaluation, evaluated.results, evaluated.missing)) {
        write_result_.write({trial_id, result, scope_.sweep});
      }
    }
  }

  /// `is`: "=" for training's results, "<>" for those of evaluations.
  void erase_results(const std::string& trial_id, const char* is) {
    const std::string training = kTrainingEvaluation;
    scope_.sql << fmt::format(
        "DELETE FROM results WHERE sweep = :sweep AND trial_id = :trial AND evaluation {} "
        ":training",
        is),
        soci::use(scope_.sweep), soci::use(trial_id), soci::use(training);
  }

  void drop_superseded(const std::string& trial_id, const TrialHistory& history) {
    std::optional<std::int64_t> last_valid_step;
    const auto drop = [&](const auto& entry) {
      const auto& [number, attempt] = entry;
      if (last_valid_step) drop_metrics(trial_id, number, *last_valid_step);
      if (!attempt.resumed_from_step) return;  // its start is not known (yet)
      last_valid_step = std::min(last_valid_step.value_or(*attempt.resumed_from_step),
                                 *attempt.resumed_from_step);
    };
    std::for_each(history.attempts.rbegin(), history.attempts.rend(), drop);
  }

  // Those of an attempt beyond the step where a higher attempt resumed, and those that a higher
  // attempt recorded again. Attempts are named one by one, so that each row is looked for by the
  // whole key: "higher than" would read all rows of higher attempts for each.
  void drop_metrics(const std::string& trial_id, long long attempt, long long last_valid_step) {
    scope_.sql
        << "DELETE FROM metrics WHERE sweep = :sweep AND trial_id = :trial AND attempt = :attempt "
           "AND (step > :step OR EXISTS (SELECT 1 FROM metrics higher "
           "WHERE higher.sweep = metrics.sweep AND higher.trial_id = metrics.trial_id AND "
           "higher.attempt IN (SELECT later.attempt FROM attempts later WHERE "
           "later.sweep = metrics.sweep AND later.trial_id = metrics.trial_id AND "
           "later.attempt > metrics.attempt) AND higher.epoch = metrics.epoch AND "
           "higher.step = metrics.step AND higher.split = metrics.split AND "
           "higher.name = metrics.name))",
        soci::use(scope_.sweep), soci::use(trial_id), soci::use(attempt),
        soci::use(last_valid_step);
  }

  static constexpr const char* kRetry = "retry";
  static constexpr const char* kCancel = "cancel";

  const SqlScope& scope_;
  SqlReader<TrialRow> read_trial_;
  SqlReader<OfTrial<AttemptRecord>> read_attempts_;
  SqlReader<OfTrial<RequestRow>> read_requests_;
  SqlReader<OfTrial<EvaluationRow>> read_evaluations_;
  SqlWriter<TrialRow> write_trial_;
  SqlWriter<OfTrial<AttemptRecord>> write_attempt_;
  SqlWriter<OfTrial<RequestRow>> write_request_;
  SqlWriter<OfTrial<MetricRow>> write_metric_;
  SqlWriter<OfTrial<ResultRow>> write_result_;
  SqlWriter<OfTrial<EvaluationRow>> write_evaluation_;
  std::unordered_map<std::string, Touched> trials_;
};

TrialSync::TrialSync(const SqlScope& scope) : impl_(std::make_unique<Impl>(scope)) {}
TrialSync::~TrialSync() = default;
void TrialSync::take(const SegmentRecord& record) {
  impl_->take(record);
}
void TrialSync::finish() {
  impl_->finish();
}

}  // namespace headway
