#include "sweep/sweep_status.h"

#include <algorithm>

#include "base/limits.h"
#include "scheduling/planning/group_planner.h"

namespace headway {
namespace {

constexpr TrialState kStates[] = {TrialState::kPending,
                                  TrialState::kRunning,
                                  TrialState::kDone,
                                  TrialState::kFailed,
                                  TrialState::kCancelled};

FailedTrial failed_trial(const TrialId& trial_id, const TrialHistory& record) {
  const AttemptRecord& last = *record.last_attempt();
  return {.trial_id = trial_id,
          .failure = last.failure,
          .message = last.message,
          .attempts = record.highest_attempt(),
          .is_final = trial_status(record) == TrialStatus::kFailedForGood};
}

void count_states(const SweepSnapshot& snapshot, SweepStatus& status) {
  std::vector<bool> is_running(snapshot.plan().trials.size(), false);
  for (const RunningTrial& trial : status.running) is_running[trial.index] = true;
  for (const TrialState state : kStates) status.counts[state] = 0;
  for (std::size_t i = 0; i < is_running.size(); ++i) {
    const TrialId& trial_id = snapshot.plan().trials[i].trial_id;
    const TrialHistory& record = snapshot.state().trial(trial_id);
    const TrialState state = is_running[i] ? TrialState::kRunning : record.state();
    ++status.counts[state];
    if (state == TrialState::kFailed) status.failed.push_back(failed_trial(trial_id, record));
  }
}

/// The end of the work when the slots at work now go on through all that waits.
std::optional<double> seconds_to_end(const SweepSnapshot& snapshot, const SweepStatus& status) {
  if (status.busy_slots == 0) return std::nullopt;
  GroupLoad load{.limits = {.slots = status.busy_slots}};
  for (const RunningTrial& trial : status.running) {
    if (!trial.is_lost) load.groups.push_back({trial.ranks(), trial.remaining_seconds});
  }
  set_waiting(load, snapshot.waiting_seconds());
  return plan_groups(load).makespan_seconds;
}

}  // namespace

bool SweepStatus::is_over() const {
  return counts.at(TrialState::kPending) + counts.at(TrialState::kRunning) == 0;
}

SweepStatus sweep_status(const SweepLocation& sweep, const SweepSnapshot& snapshot) {
  SweepStatus status{.sweep = sweep,
                     .total = snapshot.counts().total,
                     .counts = {},
                     .running = snapshot.running()};
  std::sort(status.running.begin(), status.running.end(), [](const auto& a, const auto& b) {
    return a.index < b.index;
  });
  count_states(snapshot, status);
  for (const RunningTrial& trial : status.running) {
    // Heartbeats can say anything, and the sum is going to be planned with.
    const int busy_slots = trial.is_lost ? 0 : std::min(trial.ranks(), kMostRanks);
    status.busy_slots = std::min(status.busy_slots + busy_slots, kMostRanks);
    status.remaining_slot_seconds += trial.remaining_seconds * trial.ranks();
  }
  for (const std::size_t index : snapshot.waiting()) {
    status.remaining_slot_seconds += snapshot.seconds_by_width(index).slot_seconds();
  }
  status.remaining_seconds = seconds_to_end(snapshot, status);
  return status;
}

}  // namespace headway
