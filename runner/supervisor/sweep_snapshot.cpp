#include "runner/supervisor/sweep_snapshot.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "runner/attempt_end.h"
#include "scheduling/claims/awake_clock.h"
#include "scheduling/claims/supervisors.h"
#include "sweep/pauses.h"

namespace headway {
namespace {

// Between a claim and its first record a trial looks as if it waited. Groups claim in queue order,
// so such claims stand near its front, and looking at so many suffices.
constexpr std::size_t kClaimsLookedUp = 64;

int ranks_of(const ClaimView& claim) {
  return std::max(1, claim.owner.world_size);
}

}  // namespace

SweepSnapshot::SweepSnapshot(std::filesystem::path sweep_directory, RankKind ranks)
    : sweep_directory_(std::move(sweep_directory)),
      plan_(read_manifest(sweep_directory_)),
      ranks_(std::move(ranks)),
      state_(sweep_directory_),
      abandonment_(sweep_directory_,
                   StalenessObserver(StalenessObserver::kDefaultPatienceSeconds,
                                     [clock = AwakeClock()]() mutable { return clock.seconds(); })),
      seen_(plan_.trials.size()) {
  counts_.total = static_cast<std::int64_t>(plan_.trials.size());
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
  std::vector<std::vector<double>> predicted;
  predicted.reserve(costs_.size());
  for (const TrialCost& cost : costs_) {
    predicted.push_back(model_.seconds_by_width(cost, static_cast<int>(cost.shards)));
  }
  if (predicted == predicted_) return;
  predicted_ = std::move(predicted);
  std::sort(longest_first_.begin(), longest_first_.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(-predicted_[cost_of_trial_[a]].front(), a) <
           std::pair(-predicted_[cost_of_trial_[b]].front(), b);
  });
}

void SweepSnapshot::look(SegmentWriter& reports) {
  state_.refresh();
  counts_ = {.total = counts_.total};
  running_.clear();
  running_places_.clear();
  waiting_.clear();
  events_.clear();
  for (const std::size_t index : longest_first_) {
    const TrialHistory& record = state_.trial(plan_.trials[index].trial_id);
    const TrialStatus now = trial_status(record);
    note_events(index, record, now);
    counts_.done += now == TrialStatus::kDone;
    counts_.failed += now == TrialStatus::kFailedForGood;
    counts_.cancelled += now == TrialStatus::kCancelled;
    if (now != TrialStatus::kOpen || is_worked_on(index, reports)) continue;
    waiting_.push_back(index);
  }
  counts_.running = static_cast<std::int64_t>(running_.size());
  counts_.waiting = static_cast<std::int64_t>(waiting_.size());
  looked_ = true;
  measure_running();
}

// The order of the next look follows from what this one shows.
void SweepSnapshot::measure_running() {
  model_ = finished_;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    const ClaimView& claim = running_[i].claim;
    model_.observe_running(cost(running_places_[i]), claim.progress, ranks_of(claim));
  }
  for (std::size_t i = 0; i < running_.size(); ++i) {
    WatchedTrial& trial = running_[i];
    const TrialCost& cost = this->cost(running_places_[i]);
    const int ranks = ranks_of(trial.claim);
    trial.predicted_seconds = model_.predicted_seconds(cost, ranks);
    trial.remaining_seconds = model_.remaining_seconds(cost, trial.claim.progress, ranks);
  }
  predict();
}

// A trial that ran out of memory is tried again on fewer ranks.
std::vector<double> SweepSnapshot::seconds_by_width(std::size_t index) const {
  std::vector<double> seconds = predicted_[cost_of_trial_[index]];
  const TrialHistory& record = state_.trial(plan_.trials[index].trial_id);
  if (record.attempts.empty()) return seconds;
  const auto max_ranks = retry_decision(record).max_ranks;
  while (max_ranks && seconds.size() > 1 && 1 << (seconds.size() - 1) > *max_ranks) {
    seconds.pop_back();
  }
  return seconds;
}

bool SweepSnapshot::is_worked_on(std::size_t index, SegmentWriter& reports) {
  const std::string& trial_id = plan_.trials[index].trial_id;
  const TrialHistory& record = state_.trial(trial_id);
  const bool started = record.state() == TrialState::kRunning;
  if (!started && waiting_.size() >= kClaimsLookedUp) return false;
  const auto claim = latest_claim(sweep_directory_, trial_id);
  if (!claim || has_ended(record, claim->attempt)) return false;
  if (const auto abandoned = abandonment_.judge(*claim)) {
    state_.refresh();  // its owner may have recorded the end and left since the last look
    if (has_ended(state_.trial(trial_id), claim->attempt)) return true;  // settled by the next look
    append_attempt_end(reports,
                       {.trial_id = trial_id,
                        .attempt = claim->attempt,
                        .failure = abandoned->failure,
                        .message = abandoned->message});
    return false;
  }
  running_.push_back({.claim = *claim});
  running_places_.push_back(index);
  return true;
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

std::vector<ClaimView> SweepSnapshot::unfinished_claims(const std::string& group) const {
  std::vector<ClaimView> claims;
  for (const PlannedTrial& trial : plan_.trials) {
    const TrialHistory& record = state_.trial(trial.trial_id);
    if (trial_status(record) != TrialStatus::kOpen) continue;
    auto claim = latest_claim(sweep_directory_, trial.trial_id);
    if (!claim || claim->owner.group != group || has_ended(record, claim->attempt)) continue;
    claims.push_back(std::move(*claim));
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
    TrialWork work{.most_ranks = static_cast<int>(cost(index).shards)};
    for (const auto& [number, attempt] : state_.trial(plan_.trials[index].trial_id).attempts) {
      if (!attempt.duration_s || supervisor_id_of(attempt.worker_group) != supervisor) continue;
      const int ranks = static_cast<int>(attempt.world_size.value_or(1));
      work.one_rank_seconds += *attempt.duration_s * ranks * model_.efficiency(cost(index), ranks);
    }
    if (work.one_rank_seconds > 0) works.push_back(work);
  }
  return works;
}

}  // namespace headway
