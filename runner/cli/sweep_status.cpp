#include "runner/cli/sweep_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scheduling/planning/group_planner.h"
#include "sweep/measured_costs.h"
#include "sweep/trial_status.h"
#include "store/manifest/sweep_directory.h"

namespace headway {
namespace {

constexpr TrialState kStates[] = {TrialState::kPending,
                                  TrialState::kRunning,
                                  TrialState::kDone,
                                  TrialState::kFailed,
                                  TrialState::kCancelled};

FailedTrial failed_trial(const std::string& trial_id, const TrialHistory& record) {
  const AttemptRecord& last = *record.last_attempt();
  return {.trial_id = trial_id,
          .failure = last.failure,
          .message = last.message,
          .attempts = record.highest_attempt(),
          .is_final = trial_status(record) == TrialStatus::kFailedForGood};
}

int ranks_of(const ClaimView& claim) {
  return std::max(1, claim.owner.world_size);
}

nlohmann::json running_json(const RunningTrial& trial) {
  const Progress& progress = trial.claim.progress;
  return {{"trial_id", trial.claim.trial_id},
          {"attempt", trial.claim.attempt},
          {"host", trial.claim.owner.process.host},
          {"group", trial.claim.owner.group},
          {"world_size", trial.claim.owner.world_size},
          {"lost", trial.is_lost},
          {"phase", progress.phase},
          {"epoch", progress.epoch},
          {"epochs", progress.epochs},
          {"step", progress.step},
          {"total_steps", progress.total_steps},
          {"images_per_second", progress.images_per_second},
          {"remaining_seconds", trial.remaining_seconds}};
}

nlohmann::json failed_json(const FailedTrial& trial) {
  return {{"trial_id", trial.trial_id},
          {"failure", trial.failure},
          {"message", trial.message},
          {"attempts", trial.attempts},
          {"final", trial.is_final}};
}

}  // namespace

SweepObserver::SweepObserver(SweepLocation sweep)
    : sweep_(std::move(sweep)), state_(sweep_.directory) {}

/// A sweep may be extended while it is watched.
void SweepObserver::read_plan_if_changed() {
  const auto file = SweepDirectory(sweep_.directory).trials_file();
  const auto changed = std::filesystem::last_write_time(file);
  if (!plan_.trials.empty() && changed == plan_changed_) return;
  plan_ = read_manifest(sweep_.directory);
  plan_changed_ = changed;
}

const TrialCost& SweepObserver::cost(const PlannedTrial& trial) {
  return cost_table_.at(trial.cell_id, [&] { return trial.config(); });
}

/// The end of the work when the slots at work now go on through all that waits.
std::optional<double> SweepObserver::seconds_to_end(
    const SweepStatus& status, const std::vector<const TrialCost*>& waiting) const {
  if (status.busy_slots == 0) return std::nullopt;
  GroupLoad load{.limits = {.slots = status.busy_slots}};
  for (const RunningTrial& trial : status.running) {
    if (!trial.is_lost) load.groups.push_back({ranks_of(trial.claim), trial.remaining_seconds});
  }
  std::vector<WaitingTrial> trials;
  trials.reserve(waiting.size());
  for (const TrialCost* cost : waiting) {
    trials.push_back({costs_.seconds_by_width(*cost, status.busy_slots)});
  }
  std::sort(trials.begin(), trials.end(), [](const WaitingTrial& a, const WaitingTrial& b) {
    return a.seconds.front() > b.seconds.front();
  });
  set_waiting(load, std::move(trials));
  return plan_groups(load).makespan_seconds;
}

/// Claimed for an attempt that no record has ended: the records may lag behind the claim.
bool SweepObserver::is_worked_on(const PlannedTrial& trial, const ClaimView& claim) {
  const TrialHistory& record = state_.trial(trial.trial_id);
  if (record.state() == TrialState::kRunning) return claim.attempt >= record.highest_attempt();
  const bool is_over =
      record.state() == TrialState::kDone || record.state() == TrialState::kCancelled;
  return !is_over && claim.attempt > record.highest_attempt() && !staleness_.stale(claim);
}

void SweepObserver::add_running(SweepStatus& status,
                                const PlannedTrial& trial,
                                const ClaimView& claim) {
  const int ranks = ranks_of(claim);
  RunningTrial running{
      .claim = claim,
      .is_lost = staleness_.stale(claim),
      .remaining_seconds = costs_.remaining_seconds(cost(trial), claim.progress, ranks)};
  if (!running.is_lost) {
    status.busy_slots += ranks;
    costs_.observe_running(cost(trial), claim.progress, ranks);
  }
  status.remaining_slot_seconds += running.remaining_seconds * ranks;
  status.running.push_back(std::move(running));
}

SweepStatus SweepObserver::look() {
  read_plan_if_changed();
  state_.refresh();
  costs_ = measured_costs(plan_, state_, rank_kind(plan_.resources), cost_table_);
  std::map<std::string, ClaimView> claims;
  for (ClaimView& claim : latest_claims(sweep_.directory)) {
    claims.emplace(claim.trial_id, std::move(claim));
  }
  SweepStatus status{.sweep = sweep_, .total = static_cast<std::int64_t>(plan_.trials.size())};
  for (const TrialState state : kStates) status.counts[state] = 0;
  std::vector<const TrialCost*> waiting;
  for (const PlannedTrial& trial : plan_.trials) {
    const TrialHistory& record = state_.trial(trial.trial_id);
    const auto claim = claims.find(trial.trial_id);
    const bool worked_on = claim != claims.end() && is_worked_on(trial, claim->second);
    const TrialState state = worked_on ? TrialState::kRunning : record.state();
    ++status.counts[state];
    if (worked_on) {
      add_running(status, trial, claim->second);
    } else if (state == TrialState::kPending || state == TrialState::kRunning) {
      waiting.push_back(&cost(trial));
    } else if (state == TrialState::kFailed) {
      status.failed.push_back(failed_trial(trial.trial_id, record));
    }
  }
  for (const TrialCost* cost : waiting) {
    status.remaining_slot_seconds += costs_.predicted_seconds(*cost);
  }
  status.remaining_seconds = seconds_to_end(status, waiting);
  return status;
}

nlohmann::json status_json(const SweepStatus& status) {
  nlohmann::json counts = nlohmann::json::object();
  for (const auto& [state, count] : status.counts) counts[to_string(state)] = count;
  nlohmann::json running = nlohmann::json::array();
  for (const RunningTrial& trial : status.running) running.push_back(running_json(trial));
  nlohmann::json failed = nlohmann::json::array();
  for (const FailedTrial& trial : status.failed) failed.push_back(failed_json(trial));
  nlohmann::json remaining;
  if (status.remaining_seconds) remaining = *status.remaining_seconds;
  return {{"sweep", status.sweep.name},
          {"directory", status.sweep.directory.string()},
          {"total", status.total},
          {"counts", counts},
          {"running", running},
          {"failed", failed},
          {"busy_slots", status.busy_slots},
          {"remaining_seconds", remaining},
          {"remaining_slot_seconds", status.remaining_slot_seconds}};
}

}  // namespace headway
