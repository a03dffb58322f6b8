#include "runner/worker/trial_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/failure.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/nearest_name.h"
#include "scheduling/claims/supervisors.h"
#include "scheduling/planning/cost_model.h"
#include "sweep/pauses.h"
#include "sweep/reports.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

void keep_only(std::vector<PlannedTrial>& trials, const TrialId& trial_id) {
  std::vector<TrialId> ids;
  for (const PlannedTrial& trial : trials) ids.push_back(trial.trial_id);
  std::erase_if(trials, [&](const PlannedTrial& trial) { return trial.trial_id != trial_id; });
  if (trials.empty()) {
    throw ConfigError(
        fmt::format("the sweep has no trial '{}'{}",
                    trial_id,
                    ids.empty() ? "" : suggestion(trial_id.text(), {ids.begin(), ids.end()})));
  }
}

// The trials that the group's supervisor serves, where it left a list of them; else the sweep's.
SweepManifest plan_of(const std::filesystem::path& directory,
                      const GroupName& group,
                      const std::optional<std::string>& only_trial) {
  SweepManifest plan = read_manifest(directory);
  if (only_trial) {
    keep_only(plan.trials, TrialId(*only_trial));
  } else if (auto served = trials_of_supervisor(directory, supervisor_id_of(group))) {
    plan.trials = *std::move(served);
  }
  return plan;
}

// Predicted at the assumed speed, not at a measured one: every group must see the same order. What
// was measured reaches it by its supervisor's offers.
std::vector<QueuedTrial> queued(const SweepManifest& plan) {
  const CostModel model;
  CostTable costs;
  std::vector<QueuedTrial> trials;
  trials.reserve(plan.trials.size());
  for (const PlannedTrial& trial : plan.trials) {
    const TrialCost& cost = costs.at(trial.cell_id, [&] { return trial.config(); });
    trials.push_back({trials.size(), model.predicted_seconds(cost, cost.ranks.fewest), cost.ranks});
  }
  return trials;
}

std::unordered_map<TrialId, std::size_t> places(const SweepManifest& plan) {
  std::unordered_map<TrialId, std::size_t> places;
  for (const PlannedTrial& trial : plan.trials) places.emplace(trial.trial_id, places.size());
  return places;
}

}  // namespace

TrialSource::TrialSource(std::filesystem::path sweep_directory,
                         ClaimOwner owner,
                         const std::optional<std::string>& only_trial)
    : sweep_directory_(std::move(sweep_directory)),
      owner_(std::move(owner)),
      serves_one_(only_trial.has_value()),
      plan_(plan_of(sweep_directory_, owner_.group, only_trial)),
      manifest_(sweep_directory_),
      trials_(queued(plan_)),
      places_(places(plan_)),
      recorded_data_(sweep_directory_, plan_.trials),
      state_(sweep_directory_),
      queue_(trials_, owner_.world_size),
      abandonment_(sweep_directory_, StalenessObserver()),
      reports_(sweep_directory_, "supervisor") {}

std::optional<ClaimedTrial> TrialSource::next(const std::function<bool()>& is_to_stop) {
  for (;;) {
    manifest_.refresh();
    state_.refresh();
    if ((is_to_stop && is_to_stop()) || is_paused()) return std::nullopt;
    const auto index = first_to_take();
    if (!index) return std::nullopt;
    const PlannedTrial& planned = plan_.trials[*index];
    std::optional<Trial> trial = checked(planned);
    if (!trial) continue;
    auto claimed = claim(planned.trial_id);
    if (!claimed || !is_still_wanted(*claimed)) continue;
    const bool unbound = state_.trial(planned.trial_id).bound_to_data() == nullptr;
    return ClaimedTrial{*std::move(trial), std::move(*claimed), unbound};
  }
}

std::optional<Claim> TrialSource::claim(const TrialId& trial_id) {
  try {
    return try_claim(sweep_directory_, trial_id, next_attempt_, owner_);
  } catch (const ClaimError& error) {
    refuse(trial_id, error.what());
    return std::nullopt;
  }
}

// Nobody can train it as things are; a record says so, and the others go on. Where others' records
// keep it open all the same, further ones would change that as little.
void TrialSource::refuse(const TrialId& trial_id, const std::string& why) {
  report_attempt_end(reports_,
                     {.trial_id = trial_id,
                      .attempt = std::min(next_attempt_, kMostAttempts),
                      .failure = failure_name(FailureClass::kError),
                      .message = why});
  state_.refresh();
  if (trial_status(state_.trial(trial_id)) != TrialStatus::kOpen) return;
  log_warning("trial {} is passed over: {}", trial_id, why);
  passed_over_.insert(trial_id);
}

// Nothing when what stands under the id is not what the id was made of.
std::optional<Trial> TrialSource::checked(const PlannedTrial& planned) {
  try {
    return Trial{planned.trial_id, planned.cell_id, planned.config()};
  } catch (const StoreError& error) {
    refuse(planned.trial_id, error.what());
    return std::nullopt;
  }
}

std::optional<std::string> TrialSource::data_conflict(const DatasetConfig& dataset,
                                                      const DataIdentity& data) {
  state_.refresh();
  return recorded_data_.conflict(dataset, data, state_);
}

// Once a trial is done, the sweep's first ones do not share an error.
bool TrialSource::is_paused() {
  if (serves_one_ || some_done_) return false;
  some_done_ = std::any_of(plan_.trials.begin(), plan_.trials.end(), [this](const auto& trial) {
    return state_.trial(trial.trial_id).state() == TrialState::kDone;
  });
  return !some_done_ && pausing_error(plan_, state_).has_value();
}

std::optional<std::size_t> TrialSource::first_to_take() {
  offers_ = read_offers(sweep_directory_, owner_.group);
  if (offers_) {
    for (const GroupAssignments::Offer& offer : offers_->first) {
      const auto place = places_.find(offer.trial_id);
      if (place == places_.end()) continue;
      if (judge(place->second) == Verdict::kTake) return place->second;
    }
  }
  return queue_.first([this](std::size_t candidate) { return judge(candidate); });
}

bool TrialSource::is_offered(std::size_t index) const {
  return !offers_ ||
         offers_->is_for(owner_.world_size, plan_.trials[index].trial_id, trials_[index].ranks);
}

Verdict TrialSource::judge(std::size_t index) {
  const TrialId& trial_id = plan_.trials[index].trial_id;
  if (passed_over_.contains(trial_id)) return Verdict::kNever;
  if (!serves_one_ && !manifest_.has(trial_id)) return Verdict::kNotNow;
  const TrialHistory& record = state_.trial(trial_id);
  switch (trial_status(record)) {
    case TrialStatus::kDone:
      return Verdict::kNever;
    case TrialStatus::kFailedForGood:
    case TrialStatus::kCancelled:
      return Verdict::kNotNow;
    case TrialStatus::kOpen:
      break;
  }
  if (!ranks_to_try(trials_[index].ranks, record).contains(owner_.world_size)) {
    return Verdict::kNotNow;
  }
  const bool can_be_taken = is_offered(index) && is_free(trial_id, record);
  return can_be_taken ? Verdict::kTake : Verdict::kNotNow;
}

// Settles the attempt to claim by the same look at the claims: whoever looked again before claiming
// would take a claim made in between for the one it judged, and fence a live group off.
bool TrialSource::is_free(const TrialId& trial_id, const TrialHistory& record) {
  const auto latest = latest_claim(sweep_directory_, trial_id);
  const int claimed = latest ? latest->attempt : 0;
  next_attempt_ = std::max(claimed, static_cast<int>(record.highest_attempt())) + 1;
  return !latest || has_ended(record, latest->attempt) || take_over(*latest);
}

bool TrialSource::take_over(const ClaimView& claim) {
  if (settle_claim(claim, abandonment_, state_, reports_) == ClaimOutcome::kHeld) return false;
  state_.refresh();
  return trial_status(state_.trial(claim.trial_id)) == TrialStatus::kOpen;
}

// Between the last look at the records and the claim, another group may have finished the trial, or
// someone may have cancelled it. A claim on a done trial stays without records: a record of a
// higher attempt would supersede the done one.
bool TrialSource::is_still_wanted(const Claim& claim) {
  state_.refresh();
  const TrialStatus now = trial_status(state_.trial(claim.trial_id()));
  if (now == TrialStatus::kOpen) return true;
  if (now == TrialStatus::kCancelled) {
    report_attempt_end(reports_,
                       {.trial_id = claim.trial_id(),
                        .attempt = claim.attempt(),
                        .state = "cancelled",
                        .failure = "",
                        .message = "cancelled before it began"});
  }
  return false;
}

}  // namespace headway
