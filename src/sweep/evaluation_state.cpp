#include "sweep/evaluation_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "store/segments/record_json.h"
#include "sweep/trial_status.h"
#include "training/suites/suite.h"

namespace headway {
namespace {

AttemptRecord attempt_ended_by(const SegmentRecord& record, std::int64_t claim) {
  AttemptRecord end;
  end.attempt = claim;
  end.finished_at = record.at();
  end.finished_by = record.writer ? record.writer->role : "";
  return end;
}

void fold(const Evaluated& evaluated, const SegmentRecord& record, TrialHistory& evaluation) {
  AttemptRecord end = attempt_ended_by(record, evaluated.claim);
  end.state = "done";
  end.duration_s = evaluated.duration_s;
  end.weights_sha256 = evaluated.weights_sha256;
  evaluation.fold_end(std::move(end));
}

void fold(const EvaluationFailed& failed, const SegmentRecord& record, TrialHistory& evaluation) {
  AttemptRecord end = attempt_ended_by(record, failed.claim);
  end.state = "failed";
  end.failure = failed.failure;
  end.message = failed.message;
  end.groups_beside = failed.groups_beside;
  evaluation.fold_end(std::move(end));
}

void fold(const EvaluationRequested& request,
          const SegmentRecord& record,
          TrialHistory& evaluation) {
  if (request.through_claim <= evaluation.retry.through_attempt.value_or(-1)) return;
  evaluation.retry = {request.through_claim, record.at(), request.through_claim};
}

std::map<std::string, double> test_results(const SegmentRecord& record) {
  std::map<std::string, double> values;
  const auto finished = read_record<AttemptFinished>(record.json);
  if (!finished.results || !finished.results->contains("test")) return values;
  for (const auto& [name, value] : finished.results->at("test")) {
    if (value) values[name] = *value;
  }
  return values;
}

std::set<TrialId> evaluated_in_training(const std::string& suite,
                                        const std::vector<PlannedTrial>& trials) {
  std::set<TrialId> ids;
  std::map<std::string, bool> cells;  // a cell's trials are evaluated alike
  for (const PlannedTrial& trial : trials) {
    const auto [cell, is_new] = cells.try_emplace(trial.cell_id, false);
    if (is_new) cell->second = is_recorded_by_training(suite, trial.config().evaluation);
    if (cell->second) ids.insert(trial.trial_id);
  }
  return ids;
}

}  // namespace

EvaluationState::EvaluationState(std::filesystem::path sweep_directory,
                                 std::string evaluation,
                                 const std::vector<PlannedTrial>& trials)
    : reader_(std::move(sweep_directory)),
      evaluation_(std::move(evaluation)),
      in_training_(evaluated_in_training(evaluation_, trials)) {}

void EvaluationState::refresh() {
  reader_.poll([this](const SegmentRecord& record) { take(record); });
}

void EvaluationState::take(const SegmentRecord& record) {
  const auto id = record.trial_id();
  if (!id) return;
  Trial& trial = trials_[*id];
  const auto take_in = [&](const auto& own) {
    if (own.evaluation == evaluation_) fold(own, record, trial.evaluation);
  };
  const std::string kind = record.kind();
  if (kind == Evaluated::kKind) return take_in(read_record<Evaluated>(record.json));
  if (kind == EvaluationFailed::kKind) return take_in(read_record<EvaluationFailed>(record.json));
  if (kind == EvaluationRequested::kKind) {
    return take_in(read_record<EvaluationRequested>(record.json));
  }
  const bool counts = trial.training.fold(record);
  if (!counts || kind != AttemptFinished::kKind) return;
  trial.results_of_attempts[record.json.at("attempt").get<std::int64_t>()] = test_results(record);
}

std::map<std::string, double> EvaluationState::Trial::test_results() const {
  const auto found = results_of_attempts.find(training.highest_attempt());
  return found == results_of_attempts.end() ? std::map<std::string, double>() : found->second;
}

const EvaluationState::Trial& EvaluationState::trial(const TrialId& trial_id) const {
  static const Trial kNoRecords;
  const auto found = trials_.find(trial_id);
  return found == trials_.end() ? kNoRecords : found->second;
}

EvaluationStatus EvaluationState::status(const TrialId& trial_id) const {
  const Trial& trial = this->trial(trial_id);
  if (trial.training.state() != TrialState::kDone) return EvaluationStatus::kNotTrained;
  const TrialHistory& evaluation = trial.evaluation;
  const bool is_requested = evaluation.retry.through_attempt.has_value();
  if (in_training_.contains(trial_id) && !is_requested) return EvaluationStatus::kDone;
  const std::string weights = trial.training.final_weights_sha256();
  for (const auto& [claim, attempt] : evaluation.attempts) {
    const bool counts = claim > evaluation.retry.through_attempt.value_or(0);
    if (counts && attempt.state == "done" && attempt.weights_sha256 == weights) {
      return EvaluationStatus::kDone;
    }
  }
  return retry_decision(evaluation).retry ? EvaluationStatus::kOpen
                                          : EvaluationStatus::kFailedForGood;
}

std::vector<PlannedTrial> trials_to_evaluate(const std::filesystem::path& sweep_directory,
                                             const std::vector<TrialId>& trial_ids) {
  std::vector<PlannedTrial> planned = read_manifest(sweep_directory).trials;
  if (trial_ids.empty()) return planned;
  for (PlannedTrial& trial : read_vanished_trials(sweep_directory)) {
    planned.push_back(std::move(trial));
  }
  std::vector<PlannedTrial> chosen;
  for (const TrialId& id : trial_ids) {
    const auto found = std::ranges::find(planned, id, &PlannedTrial::trial_id);
    if (found != planned.end()) {
      chosen.push_back(*found);
      continue;
    }
    std::vector<std::string> known;
    for (const PlannedTrial& trial : planned) known.push_back(trial.trial_id);
    throw ConfigError(
        fmt::format("the sweep has no trial '{}'{}", id, suggestion(id.text(), known)));
  }
  return chosen;
}

}  // namespace headway
