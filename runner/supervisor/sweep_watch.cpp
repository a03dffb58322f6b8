#include "runner/supervisor/sweep_watch.h"

#include <algorithm>
#include <numeric>

#include "runner/attempt_end.h"

namespace headway {
namespace {

// Between a claim and its first record a trial looks as if it waited. Groups claim in queue order,
// so such claims stand near its front, and looking at so many suffices.
constexpr std::size_t kClaimsLookedUp = 64;

std::vector<TrialCost> costs_of(const Plan& plan) {
  CostTable table;
  std::vector<TrialCost> costs;
  costs.reserve(plan.trials.size());
  for (const PlannedTrial& trial : plan.trials) {
    costs.push_back(table.at(trial.cell_id, [&] { return trial.config(); }));
  }
  return costs;
}

std::vector<std::size_t> sorted_by_cost(const std::vector<TrialCost>& costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return costs[a].flops > costs[b].flops;
  });
  return order;
}

double remaining_fraction(const Progress& progress) {
  if (progress.total_steps <= 0) return 1;
  const auto done = static_cast<double>(progress.step) / static_cast<double>(progress.total_steps);
  return std::clamp(1 - done, 0.0, 1.0);
}

}  // namespace

SweepWatch::SweepWatch(std::filesystem::path sweep_directory)
    : sweep_directory_(std::move(sweep_directory)),
      plan_(read_plan(sweep_directory_)),
      costs_(costs_of(plan_)),
      longest_first_(sorted_by_cost(costs_)),
      state_(sweep_directory_),
      abandonment_(sweep_directory_, StalenessObserver()),
      seen_(plan_.trials.size()) {
  counts_.total = static_cast<std::int64_t>(plan_.trials.size());
}

void SweepWatch::look(SegmentWriter& reports) {
  state_.refresh();
  counts_ = {.total = counts_.total};
  running_.clear();
  waiting_.clear();
  events_.clear();
  for (const std::size_t index : longest_first_) {
    const TrialRecord& record = state_.trial(plan_.trials[index].trial_id);
    const Outlook now = outlook(record);
    note_events(index, record, now);
    counts_.done += now == Outlook::kDone;
    counts_.failed += now == Outlook::kFailedForGood;
    counts_.cancelled += now == Outlook::kCancelled;
    if (now != Outlook::kOpen || is_worked_on(index, reports)) continue;
    waiting_.push_back({model_.predicted_seconds(costs_[index]), costs_[index].shards});
  }
  counts_.running = static_cast<std::int64_t>(running_.size());
  counts_.waiting = static_cast<std::int64_t>(waiting_.size());
  looked_ = true;
}

bool SweepWatch::is_worked_on(std::size_t index, SegmentWriter& reports) {
  const std::string& trial_id = plan_.trials[index].trial_id;
  const TrialRecord& record = state_.trial(trial_id);
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
  const int slots = std::max(1, claim->owner.world_size);
  running_.push_back({*claim, model_.predicted_seconds(costs_[index], slots)});
  return true;
}

void SweepWatch::note_events(std::size_t index, const TrialRecord& record, Outlook now) {
  const AttemptRecord* last = record.last_attempt();
  if (last == nullptr) return;
  Seen& seen = seen_[index];
  if (seen.outlook == now && seen.attempt == last->attempt && seen.state == last->state) return;
  const bool ended_before = seen.attempt == last->attempt && seen.state == last->state;
  seen = {now, last->attempt, last->state};
  if (last->state == "done") measure(index, *last);
  if (!looked_ || ended_before) return;
  TrialEvent event{.trial_id = plan_.trials[index].trial_id, .attempt = *last};
  if (last->state == "done") event.kind = TrialEvent::Kind::kDone;
  if (last->state == "failed") event.kind = TrialEvent::Kind::kFailed;
  if (last->state == "yielded" || last->failure_class() == FailureClass::kPreempted) {
    event.kind = TrialEvent::Kind::kInterrupted;
  }
  event.is_final = now == Outlook::kFailedForGood;
  events_.push_back(std::move(event));
}

// An attempt that went on from a checkpoint took only a part of the time.
void SweepWatch::measure(std::size_t index, const AttemptRecord& attempt) {
  if (!attempt.duration_s || attempt.resumed_from_step.value_or(0) != 0) return;
  model_.observe(
      costs_[index], *attempt.duration_s, static_cast<int>(attempt.world_size.value_or(1)));
}

std::optional<double> SweepWatch::remaining_seconds(int slots) const {
  if (running_.empty() && waiting_.empty()) return std::nullopt;
  std::vector<double> seconds;
  for (const WatchedTrial& trial : running_) {
    seconds.push_back(trial.predicted_seconds * remaining_fraction(trial.claim.progress));
  }
  for (const WaitingTrial& trial : waiting_) seconds.push_back(trial.predicted_seconds);
  return predicted_makespan_seconds(std::move(seconds), std::max(1, slots));
}

std::vector<ClaimView> SweepWatch::unfinished_claims(const std::string& group) const {
  std::vector<ClaimView> claims;
  for (const PlannedTrial& trial : plan_.trials) {
    const TrialRecord& record = state_.trial(trial.trial_id);
    if (outlook(record) != Outlook::kOpen) continue;
    auto claim = latest_claim(sweep_directory_, trial.trial_id);
    if (!claim || claim->owner.group != group || has_ended(record, claim->attempt)) continue;
    claims.push_back(std::move(*claim));
  }
  return claims;
}

bool SweepWatch::has_worked(const std::string& group) const {
  for (const auto& [trial_id, record] : state_.trials()) {
    for (const auto& [number, attempt] : record.attempts) {
      if (attempt.worker_group == group) return true;
    }
  }
  return false;
}

}  // namespace headway
