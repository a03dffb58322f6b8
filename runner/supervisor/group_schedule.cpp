#include "runner/supervisor/group_schedule.h"

#include <algorithm>

namespace headway {
namespace {

// From the start of a group to its first step (bench/overheads.sh), on a machine that is busy.
constexpr double kGroupStartSeconds = 1.5;
// A group that should be through by now may take a while yet.
constexpr double kLeastRemainingSeconds = 1.1 * kGroupStartSeconds;
// One that looks for a trial, or leaves.
constexpr double kBetweenTrialsSeconds = 0.05;
constexpr double kLeastGain = 0.03;

StandingGroup standing(const RunningTrial& trial, bool is_ours) {
  return {.width = trial.ranks(),
          .free_in_seconds = std::max(trial.remaining_seconds, kLeastRemainingSeconds),
          .is_ours = is_ours};
}

StandingGroup without_trial(const OwnGroup& group) {
  return {
      .width = group.width,
      .free_in_seconds = std::max(kBetweenTrialsSeconds, kGroupStartSeconds - group.age_seconds)};
}

std::vector<StandingGroup> standing_groups(const SweepSnapshot& snapshot,
                                           const std::vector<OwnGroup>& own) {
  std::vector<StandingGroup> groups;
  std::vector<bool> has_trial(own.size(), false);
  for (const RunningTrial& trial : snapshot.running()) {
    const auto owner = std::find_if(own.begin(), own.end(), [&](const OwnGroup& group) {
      return group.name == trial.claim.owner.group;
    });
    groups.push_back(standing(trial, owner != own.end()));
    if (owner != own.end()) has_trial[static_cast<std::size_t>(owner - own.begin())] = true;
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (!has_trial[i]) groups.push_back(without_trial(own[i]));
  }
  return groups;
}

}  // namespace

GroupSchedule::GroupSchedule(const std::filesystem::path& sweep_directory,
                             const SupervisorId& supervisor,
                             GroupLimits limits)
    : limits_(limits), file_(sweep_directory, supervisor) {}

bool GroupSchedule::limit_groups(int count) {
  if (limits_.max_groups.value_or(limits_.slots) <= count) return false;
  limits_.max_groups = count;
  return true;
}

void GroupSchedule::plan(const SweepSnapshot& snapshot, const std::vector<OwnGroup>& own) {
  GroupLoad load{.limits = limits_,
                 .groups = standing_groups(snapshot, own),
                 .start_seconds = kGroupStartSeconds,
                 .least_gain = kLeastGain};
  set_waiting(load, snapshot.waiting_seconds());
  plan_ = plan_groups(load);
  anything_left_ = snapshot.counts().open() > 0;
}

/// Trials that are not placed one by one: as wide as the user asks, or on their fewest ranks unless
/// slots are being kept for a wider group.
int GroupSchedule::width_of_others() const {
  if (limits_.ranks) return *limits_.ranks;
  if (limits_.max_groups) return slots_of_a_group(limits_);
  const auto keeps_slots = [](const Placement& placement) {
    return placement.width > 1 && placement.needs_new_group;
  };
  const auto& placements = plan_.placements;
  return std::any_of(placements.begin(), placements.end(), keeps_slots) ? 0 : 1;
}

void GroupSchedule::publish(const SweepSnapshot& snapshot) {
  GroupAssignments assignments{.width_of_others = width_of_others()};
  for (const Placement& placement : offered_placements(plan_)) {
    const std::size_t index = snapshot.waiting()[placement.trial];
    assignments.first.push_back({snapshot.plan().trials[index].trial_id, placement.width});
  }
  file_.publish(assignments);
}

std::optional<double> GroupSchedule::remaining_seconds() const {
  return anything_left_ ? std::optional(plan_.makespan_seconds) : std::nullopt;
}

}  // namespace headway
