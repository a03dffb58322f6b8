#include "sweep/evaluation_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

constexpr const char* kEvaluated = "evaluated";
constexpr const char* kFailed = "evaluation_failed";
constexpr const char* kRequested = "evaluation_requested";

bool tells_of_evaluation(const std::string& kind) {
  return kind == kEvaluated || kind == kFailed || kind == kRequested;
}

// Of two ends of one attempt, results win.
void fold_end(const nlohmann::json& json, const std::string& kind, TrialRecord& evaluation) {
  AttemptRecord end;
  end.attempt = json.at("attempt").get<std::int64_t>();
  end.state = kind == kEvaluated ? "done" : "failed";
  end.failure = json.value("failure", "");
  end.message = json.value("message", "");
  end.finished_at = json.value("at", "");
  if (json.contains("groups_beside")) end.groups_beside = json.at("groups_beside");
  AttemptRecord& known = evaluation.attempts[end.attempt];
  if (known.state != "done") known = std::move(end);
}

void fold_request(const nlohmann::json& json, TrialRecord& evaluation) {
  const auto through = json.at("through_attempt").get<std::int64_t>();
  if (through <= evaluation.retry.through_attempt.value_or(-1)) return;
  evaluation.retry = {json.value("at", ""), through};
}

std::map<std::string, double> test_results(const nlohmann::json& json) {
  std::map<std::string, double> values;
  const auto results = json.find("results");
  if (results == json.end() || !results->contains("test")) return values;
  for (const auto& [name, value] : results->at("test").items()) {
    if (value.is_number()) values[name] = value.get<double>();
  }
  return values;
}

}  // namespace

EvaluationState::EvaluationState(std::filesystem::path sweep_directory, std::string evaluation)
    : reader_(std::move(sweep_directory)), evaluation_(std::move(evaluation)) {}

void EvaluationState::refresh() {
  reader_.poll([this](const SegmentRecord& record) { take(record); });
}

void EvaluationState::take(const SegmentRecord& record) {
  const nlohmann::json& json = record.json;
  const auto id = json.find("trial_id");
  if (id == json.end()) return;
  const std::string kind = record.kind();
  Trial& trial = trials_[id->get<std::string>()];
  if (!tells_of_evaluation(kind)) {
    const bool counts = trial.training.fold(record);
    if (counts && kind == "attempt_finished") trial.test_results = test_results(json);
    return;
  }
  if (json.at("evaluation") != evaluation_) return;
  if (kind == kRequested) {
    fold_request(json, trial.evaluation);
  } else {
    fold_end(json, kind, trial.evaluation);
  }
}

const EvaluationState::Trial& EvaluationState::trial(const std::string& trial_id) const {
  static const Trial kNoRecords;
  const auto found = trials_.find(trial_id);
  return found == trials_.end() ? kNoRecords : found->second;
}

EvaluationStatus EvaluationState::status(const std::string& trial_id) const {
  return evaluation_status(trial(trial_id));
}

EvaluationStatus evaluation_status(const EvaluationState::Trial& trial) {
  if (trial.training.state() != TrialState::kDone) return EvaluationStatus::kNotTrained;
  const TrialRecord& evaluation = trial.evaluation;
  const auto through = evaluation.retry.through_attempt.value_or(0);
  const bool is_done = std::any_of(
      evaluation.attempts.begin(), evaluation.attempts.end(), [&](const auto& numbered) {
        return numbered.first > through && numbered.second.state == "done";
      });
  if (is_done) return EvaluationStatus::kDone;
  return retry_decision(evaluation).retry ? EvaluationStatus::kOpen
                                          : EvaluationStatus::kFailedForGood;
}

std::vector<PlannedTrial> trials_to_evaluate(const std::filesystem::path& sweep_directory,
                                             const std::vector<std::string>& trial_ids) {
  std::vector<PlannedTrial> planned = read_plan(sweep_directory).trials;
  if (trial_ids.empty()) return planned;
  for (PlannedTrial& trial : read_vanished_trials(sweep_directory)) {
    planned.push_back(std::move(trial));
  }
  std::vector<PlannedTrial> chosen;
  for (const std::string& id : trial_ids) {
    const auto found = std::ranges::find(planned, id, &PlannedTrial::trial_id);
    if (found != planned.end()) {
      chosen.push_back(*found);
      continue;
    }
    std::vector<std::string> known;
    for (const PlannedTrial& trial : planned) known.push_back(trial.trial_id);
    throw ConfigError(fmt::format("the sweep has no trial '{}'{}", id, suggestion(id, known)));
  }
  return chosen;
}

void append_evaluation_failure(SegmentWriter& writer, const EvaluationFailure& failure) {
  nlohmann::json record{{"kind", kFailed},
                        {"trial_id", failure.trial_id},
                        {"evaluation", failure.evaluation},
                        {"attempt", failure.attempt},
                        {"failure", failure.failure},
                        {"message", failure.message}};
  if (failure.failure == "oom") record["groups_beside"] = failure.groups_beside;
  writer.append(std::move(record), Flush::kNow);
}

void request_evaluation(SegmentWriter& writer,
                        const std::string& trial_id,
                        const std::string& evaluation,
                        std::int64_t through_attempt) {
  writer.append({{"kind", kRequested},
                 {"trial_id", trial_id},
                 {"evaluation", evaluation},
                 {"through_attempt", through_attempt}},
                Flush::kNow);
}

}  // namespace headway
