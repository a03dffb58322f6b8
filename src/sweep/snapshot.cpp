#include "sweep/snapshot.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/sweep_layout.h"
#include "scheduling/claims/awake_clock.h"
#include "scheduling/claims/supervisors.h"
#include "sweep/pauses.h"
#include "sweep/reports.h"

namespace headway {

int RunningTrial::ranks() const {
  return std::max(1, claim.owner.world_size);
}

SweepSnapshot::SweepSnapshot(std::filesystem::path sweep_directory, SnapshotOptions options)
    : sweep_directory_(std::move(sweep_directory)),
      options_(std::move(options)),
      state_(sweep_directory_),
      abandonment_(
          sweep_directory_,
          StalenessObserver(StalenessObserver::kDefaultTimeoutSeconds,
                            [clock = AwakeClock()]() mutable { return clock.seconds(); })) {
  if (options_.plan) {
    plan_ = *std::exchange(options_.plan, std::nullopt);
    manifest_.emplace(sweep_directory_);
    take_plan();
  } else {
    read_plan_if_changed();
  }
}

void SweepSnapshot::read_plan_if_changed() {
  if (manifest_) return manifest_->refresh();
  const bool is_first = plan_.trials.empty();
  if (!is_first && !options_.follows_plan) return;
  std::error_code absent;  // read_plan says what is wrong
  const auto changed =
      std::filesystem::last_write_time(SweepLayout(sweep_directory_).trials_file(), absent);
  if (!is_first && changed == plan_changed_) return;
  plan_ = read_manifest(sweep_directory_);
  plan_changed_ = changed;
  take_plan();
}

void SweepSnapshot::take_plan() {
  ranks_ = options_.ranks.value_or(rank_kind(plan_.resources));
  counts_ = {.total = static_cast<std::int64_t>(plan_.trials.size())};
  seen_.assign(plan_.trials.size(), {});
  looked_ = false;
  finished_ = {};
  model_ = {};
  costs_.clear();
  cost_of_trial_.clear();
  predicted_.clear();
  std::unordered_map<std::string, std::size_t> cells;
  for (const PlannedTrial& trial : plan_.trials) {
    const auto [cell, is_new] = cells.try_emplace(trial.cell_id, costs_.size());
    if (is_new) costs_.push_back(trial_cost(trial.config()));
    cost_of_trial_.push_back(cell->second);
  }
  longest_first_.resize(plan_.trials.size());
  std::iota(longest_first_.begin(), longest_first_.end(), std::size_t{0});
  predict();
}

/// Longest predicted first, ties in plan order.
void SweepSnapshot::predict() {
  std::vector<SecondsByWidth> predicted;
  predicted.reserve(costs_.size());
  for (const TrialCost& cost : costs_) {
    predicted.push_back(model_.seconds_by_width(cost, cost.ranks.most));
  }
  if (predicted == predicted_) return;
  predicted_ = std::move(predicted);
  std::sort(longest_first_.begin(), longest_first_.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(-predicted_[cost_of_trial_[a]].on_fewest(), a) <
           std::pair(-predicted_[cost_of_trial_[b]].on_fewest(), b);
  });
}

void SweepSnapshot::look(SegmentWriter* reports) {
  read_plan_if_changed();
  state_.refresh();
  counts_ = {.total = counts_.total};
  running_.clear();
  waiting_.clear();
  events_.clear();
  for (const std::size_t index : longest_first_) look_at(index, reports);
  counts_.running = static_cast<std::int64_t>(running_.size());
  counts_.waiting = static_cast<std::int64_t>(waiting_.size());
  looked_ = true;
  measure_running();
}

void SweepSnapshot::look_at(std::size_t index, SegmentWriter* reports) {
  const TrialHistory& record = state_.trial(plan_.trials[index].trial_id);
  const TrialStatus now = trial_status(record);
  note_events(index, record, now);
  counts_.done += now == TrialStatus::kDone;
  counts_.failed += now == TrialStatus::kFailedForGood;
  counts_.cancelled += now == TrialStatus::kCancelled;
  if (now != TrialStatus::kOpen || is_worked_on(index, reports)) return;
  if (manifest_ && !manifest_->has(plan_.trials[index].trial_id)) {
    ++counts_.vanished;
  } else {
    waiting_.push_back(index);
  }
}

// The order of the next look follows from what this one shows.
void SweepSnapshot::measure_running() {
  model_ = finished_;
  for (const RunningTrial& trial : running_) {
    if (!trial.is_lost) {
      model_.observe_running(cost(trial.index), trial.claim.progress, trial.ranks());
    }
  }
  for (RunningTrial& trial : running_) {
    const TrialCost& cost = this->cost(trial.index);
    trial.predicted_seconds = model_.predicted_seconds(cost, trial.ranks());
    trial.remaining_seconds = model_.remaining_seconds(cost, trial.claim.progress, trial.ranks());
  }
  predict();
}

bool SweepSnapshot::is_worked_on(std::size_t index, SegmentWriter* reports) {
  const TrialId& trial_id = plan_.trials[index].trial_id;
  const TrialHistory& record = state_.trial(trial_id);
  const bool has_started = record.state() == TrialState::kRunning;
  if (!has_started && waiting_.size() >= options_.claims_looked_up) return false;
  const auto claim = unended_claim(sweep_directory_, trial_id, record);
  if (!claim) return false;
  RunningTrial trial{.claim = *claim, .index = index};
  if (reports == nullptr) {
    trial.is_lost = abandonment_.judge(*claim).has_value();
    if (trial.is_lost && !has_started) return false;
  } else {
    const ClaimOutcome outcome = settle_claim(*claim, abandonment_, state_, *reports);
    if (outcome == ClaimOutcome::kReported) return false;
    if (outcome == ClaimOutcome::kEnded) return true;  // the next look settles it
  }
  running_.push_back(std::move(trial));
  return true;
}

RankRange SweepSnapshot::ranks(std::size_t index) const {
  return ranks_to_try(cost(index).ranks, state_.trial(plan_.trials[index].trial_id));
}

SecondsByWidth SweepSnapshot::seconds_by_width(std::size_t index) const {
  SecondsByWidth predicted = predicted_[cost_of_trial_[index]];
  const RankRange ranks = this->ranks(index);
  while (predicted.fewest_ranks << (predicted.seconds.size() - 1) > ranks.most) {
    predicted.seconds.pop_back();
  }
  return predicted;
}

std::vector<SecondsByWidth> SweepSnapshot::waiting_seconds() const {
  std::vector<SecondsByWidth> seconds;
  seconds.reserve(waiting_.size());
  for (const std::size_t index : waiting_) seconds.push_back(seconds_by_width(index));
  return seconds;
}

void SweepSnapshot::note_events(std::size_t index, const TrialHistory& record, TrialStatus now) {
  const AttemptRecord* last = record.last_attempt();
  if (last == nullptr) return;
  Seen& seen = seen_[index];
  if (seen.status == now && seen.attempt == last->attempt && seen.state == last->state) return;
  const bool ended_before = seen.attempt == last->attempt && seen.state == last->state;
  seen = {now, last->attempt, last->state};
  if (last->state == "done") observe_attempt(finished_, cost(index), *last, ranks_);
  if (!looked_ || ended_before) return;
  TrialEvent event{.trial_id = plan_.trials[index].trial_id, .attempt = *last};
  if (last->state == "done") event.kind = TrialEvent::Kind::kDone;
  if (last->state == "cancelled") event.kind = TrialEvent::Kind::kCancelled;
  if (last->state == "failed") event.kind = TrialEvent::Kind::kFailed;
  if (last->state == "yielded" || last->failure_class() == FailureClass::kPreempted) {
    event.kind = TrialEvent::Kind::kInterrupted;
  }
  event.is_final = now == TrialStatus::kFailedForGood;
  events_.push_back(std::move(event));
}

std::optional<SharedError> SweepSnapshot::pausing_error() const {
  return headway::pausing_error(plan_, state_);
}

std::optional<std::size_t> SweepSnapshot::find(const TrialId& trial_id) const {
  const auto found = std::find_if(
      plan_.trials.begin(), plan_.trials.end(), [&trial_id](const PlannedTrial& trial) {
        return trial.trial_id == trial_id;
      });
  if (found == plan_.trials.end()) return std::nullopt;
  return static_cast<std::size_t>(found - plan_.trials.begin());
}

std::vector<ClaimView> SweepSnapshot::unended_claims(const std::string& group) const {
  std::vector<ClaimView> claims;
  for (const PlannedTrial& trial : plan_.trials) {
    const TrialHistory& record = state_.trial(trial.trial_id);
    if (trial_status(record) != TrialStatus::kOpen) continue;
    auto claim = unended_claim(sweep_directory_, trial.trial_id, record);
    if (claim && claim->owner.group == group) claims.push_back(std::move(*claim));
  }
  return claims;
}

bool SweepSnapshot::has_worked(const std::string& group) const {
  for (const auto& [trial_id, record] : state_.trials()) {
    for (const auto& [number, attempt] : record.attempts) {
      if (attempt.worker_group == group) return true;
    }
  }
  return false;
}

// Work that was lost is none: attempts that crashed have no duration.
std::vector<TrialWork> SweepSnapshot::work_of(const std::string& supervisor) const {
  std::vector<TrialWork> works;
  for (std::size_t index = 0; index < plan_.trials.size(); ++index) {
    TrialWork work{.most_ranks = cost(index).ranks.most};
    for (const auto& [number, attempt] : state_.trial(plan_.trials[index].trial_id).attempts) {
      const auto group = GroupName::from(attempt.worker_group);
      if (!attempt.duration_s || !group || supervisor_id_of(*group) != supervisor) continue;
      const int ranks = static_cast<int>(attempt.world_size.value_or(1));
      work.one_rank_seconds += *attempt.duration_s * ranks * model_.efficiency(cost(index), ranks);
    }
    if (work.one_rank_seconds > 0) works.push_back(work);
  }
  return works;
}

std::vector<SupervisorId> live_supervisors(const std::filesystem::path& sweep_directory) {
  std::vector<SupervisorId> ids;
  std::error_code none;
  std::filesystem::path folder;
  try {
    folder = SweepLayout(sweep_directory).supervisors();
  } catch (const StrayLinkError&) {
    return ids;  // as far as can be told
  }
  std::filesystem::directory_iterator entry(folder, none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    const auto group = GroupName::from(entry->path().stem().string() + "-0");  // of that supervisor
    if (!group || supervisor_of(sweep_directory, *group) == Liveness::kDead) continue;
    ids.push_back(supervisor_id_of(*group));
  }
  return ids;
}

}  // namespace headway
