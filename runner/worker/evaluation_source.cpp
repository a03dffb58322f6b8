#include "runner/worker/evaluation_source.h"

#include <algorithm>
#include <utility>

#include "base/failure.h"
#include "base/limits.h"
#include "base/sweep_layout.h"
#include "base/watched_folder.h"
#include "scheduling/claims/supervisors.h"
#include "store/manifest/supervisor_trials.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

// What the supervisor of `owner` serves, where it left a list of it.
std::vector<PlannedTrial> trials_of(const EvaluationSource::Task& task,
                                    const std::filesystem::path& claims_root,
                                    const ClaimOwner& owner) {
  if (auto served = trials_of_supervisor(claims_root, supervisor_id_of(owner.group))) {
    return *std::move(served);
  }
  return trials_to_evaluate(task.sweep_directory, task.trials);
}

}  // namespace

EvaluationSource::EvaluationSource(Task task, ClaimOwner owner)
    : task_(std::move(task)),
      claims_root_(SweepLayout(task_.sweep_directory).evaluation(task_.evaluation)),
      owner_(std::move(owner)),
      trials_(trials_of(task_, claims_root_, owner_)),
      state_(task_.sweep_directory, task_.evaluation, trials_),
      abandonment_(claims_root_),
      reports_(task_.sweep_directory, "supervisor") {
  make_last_directories(claims_root_, 2, Durability::kAtomicOnly);  // not the sweep's folder
}

std::optional<ClaimedEvaluation> EvaluationSource::next() {
  state_.refresh();
  for (const PlannedTrial& trial : trials_) {
    if (state_.status(trial.trial_id) != EvaluationStatus::kOpen) continue;
    auto claimed = claim(trial.trial_id);
    if (!claimed) continue;
    // Between the last look and the claim another worker may have finished it. Such a claim stays
    // without records.
    state_.refresh();
    if (state_.status(trial.trial_id) != EvaluationStatus::kOpen) continue;
    return ClaimedEvaluation{trial, state_.trial(trial.trial_id), std::move(*claimed)};
  }
  return std::nullopt;
}

// The attempt to claim follows from the same look at the claims as the judgement that it is free: a
// claim made in between is never fenced off.
std::optional<Claim> EvaluationSource::claim(const TrialId& trial_id) {
  const auto latest = latest_claim(claims_root_, trial_id);
  const int claimed = latest ? latest->attempt : 0;
  if (latest && !has_ended(state_.trial(trial_id).evaluation, claimed) && !take_over(*latest)) {
    return std::nullopt;
  }
  const auto recorded = static_cast<int>(state_.trial(trial_id).evaluation.highest_attempt());
  const int next = std::max(claimed, recorded) + 1;
  try {
    return try_claim(claims_root_, trial_id, next, owner_);
  } catch (const ClaimError& error) {
    // Nobody can evaluate it as things are; a record says so, and the others go on.
    report_failure(trial_id,
                   std::min(next, kMostAttempts),
                   {failure_name(FailureClass::kError), error.what()});
    return std::nullopt;
  }
}

void EvaluationSource::report_failure(const TrialId& trial_id, int claim, const Abandonment& why) {
  reports_.append(EvaluationFailed{.trial_id = trial_id,
                                   .evaluation = task_.evaluation,
                                   .claim = claim,
                                   .failure = why.failure,
                                   .message = why.message},
                  Flush::kNow);
  state_.refresh();
}

// Reports the end of an attempt whose owner is gone.
bool EvaluationSource::take_over(const ClaimView& claim) {
  const auto abandoned = abandonment_.judge(claim);
  if (!abandoned) return false;
  state_.refresh();  // the owner may have recorded the end and left since the last look
  if (!has_ended(state_.trial(claim.trial_id).evaluation, claim.attempt)) {
    report_failure(claim.trial_id, claim.attempt, *abandoned);
  }
  return state_.status(claim.trial_id) == EvaluationStatus::kOpen;
}

}  // namespace headway
