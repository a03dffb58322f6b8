#include "store/sql/trial_sync.h"

#include <soci/soci.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "store/segments/record_json.h"
#include "store/segments/trial_history.h"
#include "store/sql/metric_rows.h"
#include "store/sql/queries.h"
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
  row.threads_per_rank = last->threads_per_rank;
  row.precision = last->precision;
}

// A request as a row of store_requests.
struct RequestRow {
  std::string kind;
  std::string at;
  std::optional<std::int64_t> through_attempt;

  static void visit(auto& record, auto&& field) {
    field("kind", record.kind);
    field("at", record.at);
    field("through_attempt", record.through_attempt);
  }
};

std::string reason_of(const MissingReasons& missing,
                      const std::string& split,
                      const std::string& name) {
  const auto reasons = missing.find(split);
  if (reasons == missing.end()) return "";
  const auto reason = reasons->second.find(name);
  return reason == reasons->second.end() ? "" : reason->second;
}

std::vector<ResultRow> result_rows(const RecordedValues& results, const MissingReasons& missing) {
  std::vector<ResultRow> rows;
  for (const auto& [split, values] : results) {
    for (const auto& [name, value] : values) {
      rows.push_back({split, name, value, reason_of(missing, split, name)});
    }
  }
  return rows;
}

}  // namespace

// Folds new records into what the store knows of their trials, then writes those trials.
class TrialSync::Impl {
 public:
  explicit Impl(soci::session& sql)
      : sql_(sql),
        metrics_(sql),
        read_trial_(sql, "trials WHERE trial_id = :key"),
        read_attempts_(sql, "attempts WHERE trial_id = :key"),
        read_requests_(sql, "store_requests WHERE trial_id = :key"),
        write_trial_(sql, "trials", true),
        write_attempt_(sql, "attempts", false),
        write_request_(sql, "store_requests", false),
        write_result_(sql, "results", false) {}

  void take(const SegmentRecord& record) {
    const auto found = record.json.find("trial_id");
    if (found == record.json.end()) return;
    const auto trial_id = found->get<std::string>();
    const std::string kind = record.kind();
    std::vector<ResultRow> results;  // read first: a malformed record must change nothing
    if (kind == AttemptFinished::kKind) {
      const auto finished = read_record<AttemptFinished>(record.json);
      results = result_rows(finished.results.value_or(RecordedValues{}),
                            finished.missing.value_or(MissingReasons{}));
    }
    Touched& trial = touched(trial_id);
    const bool counts = trial.record.fold(record);
    if (kind == EpochMetrics::kKind) metrics_.add(read_record<EpochMetrics>(record.json));
    if (counts && kind == AttemptFinished::kKind) {
      const auto attempt = record.json.at("attempt").get<std::int64_t>();
      trial.results[attempt] = std::move(results);
    }
  }

  void finish() {
    metrics_.flush();
    for (const auto& [trial_id, trial] : trials_) write(trial_id, trial);
  }

 private:
  struct Touched {
    TrialHistory record;
    std::map<std::int64_t, std::vector<ResultRow>> results;  // of attempts that ended just now
  };

  Touched& touched(const std::string& trial_id) {
    const auto [place, is_new] = trials_.try_emplace(trial_id);
    TrialHistory& record = place->second.record;
    if (!is_new) return place->second;
    read_attempts_.each(trial_id, [&](const AttemptRecord& attempt) {
      record.attempts[attempt.attempt] = attempt;
    });
    read_requests_.each(trial_id, [&](const RequestRow& row) {
      (row.kind == "retry" ? record.retry : record.cancel) = {row.at, row.through_attempt};
    });
    return place->second;
  }

  void write(const std::string& trial_id, const Touched& trial) {
    TrialRow row;
    row.trial_id = trial_id;  // a trial that no plan knows still has a row
    read_trial_.each(trial_id, [&](const TrialRow& known) { row = known; });
    describe_outcome(trial.record, row);
    write_trial_.write(trial_id, row);
    for (const auto& [number, attempt] : trial.record.attempts) {
      write_attempt_.write(trial_id, attempt);
    }
    write_request(trial_id, "retry", trial.record.retry);
    write_request(trial_id, "cancel", trial.record.cancel);
    write_results(trial_id, trial);
    drop_superseded(trial_id, trial.record);
  }

  void write_request(const std::string& trial_id, const char* kind, const TrialRequest& request) {
    if (request.at.empty()) return;
    write_request_.write(trial_id, {kind, request.at, request.through_attempt});
  }

  // Results are those of the deciding attempt, once it is done.
  void write_results(const std::string& trial_id, const Touched& trial) {
    const AttemptRecord* last = trial.record.last_attempt();
    const bool is_done = last != nullptr && last->state == "done";
    const auto fresh = trial.results.find(trial.record.highest_attempt());
    if (is_done && fresh == trial.results.end()) return;  // written when the attempt ended
    sql_ << "DELETE FROM results WHERE trial_id = :trial", soci::use(trial_id);
    if (!is_done) return;
    for (const ResultRow& row : fresh->second) write_result_.write(trial_id, row);
  }

  void drop_superseded(const std::string& trial_id, const TrialHistory& record) {
    std::optional<std::int64_t> last_valid_step;
    const auto drop = [&](const auto& entry) {
      const auto& [number, attempt] = entry;
      if (last_valid_step) drop_superseded_metrics(sql_, trial_id, number, *last_valid_step);
      if (!attempt.resumed_from_step) return;  // its start is not known (yet)
      last_valid_step = std::min(last_valid_step.value_or(*attempt.resumed_from_step),
                                 *attempt.resumed_from_step);
    };
    std::for_each(record.attempts.rbegin(), record.attempts.rend(), drop);
  }

  soci::session& sql_;
  MetricRows metrics_;
  SqlReader<TrialRow> read_trial_;
  SqlReader<AttemptRecord> read_attempts_;
  SqlReader<RequestRow> read_requests_;
  SqlWriter<TrialRow> write_trial_;
  SqlWriter<AttemptRecord> write_attempt_;
  SqlWriter<RequestRow> write_request_;
  SqlWriter<ResultRow> write_result_;
  std::unordered_map<std::string, Touched> trials_;
};

TrialSync::TrialSync(soci::session& sql) : impl_(std::make_unique<Impl>(sql)) {}
TrialSync::~TrialSync() = default;
void TrialSync::take(const SegmentRecord& record) {
  impl_->take(record);
}
void TrialSync::finish() {
  impl_->finish();
}

}  // namespace headway
