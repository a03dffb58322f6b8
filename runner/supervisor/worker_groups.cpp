#include "runner/supervisor/worker_groups.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/sweep_layout.h"
#include "base/time.h"

namespace headway {
namespace {

const RunningTrial* trial_of(const std::string& group, const std::vector<RunningTrial>& running) {
  const auto found = std::find_if(running.begin(), running.end(), [&](const RunningTrial& trial) {
    return trial.claim.owner.group == group;
  });
  return found == running.end() ? nullptr : &*found;
}

constexpr double kSecondsBetweenLooksAtProcesses = 1;
constexpr double kSecondsForStacks = 3;

std::string hang_text(const Progress& place,
                      double seconds,
                      const std::vector<MemberState>& members) {
  std::string text = fmt::format("no progress for {}", format_duration(seconds));
  if (!place.phase.empty()) text += fmt::format(" while {}, step {}", place.phase, place.step);
  for (const MemberState& member : members) {
    if (!member.is_stopped()) continue;
    text += member.rank ? fmt::format("; rank {} is stopped", *member.rank) : "; it is stopped";
  }
  return text;
}

// Into the group's own log, where the stacks follow.
void write_hang_report(const GroupSettings& settings,
                       const std::string& text,
                       const std::vector<MemberState>& members) {
  std::ofstream log(SweepLayout(settings.sweep_directory).group_log(GroupName(settings.group)),
                    std::ios::app);
  fmt::print(log, "\ngroup {} is hung: {}; its processes:\n", settings.group, text);
  for (const MemberState& member : members) fmt::print(log, "  {}\n", member.describe());
}

}  // namespace

WorkerGroups::WorkerGroups(const SupervisorPresence& presence,
                           Launcher& launcher,
                           GroupSpec pattern)
    : presence_(presence), launcher_(launcher), pattern_(std::move(pattern)) {}

void WorkerGroups::start(int width, std::optional<double> time_limit_seconds) {
  GroupSpec spec = pattern_;
  spec.ranks = width;
  spec.settings.group = presence_.group_name(started_++);
  spec.settings.time_limit_seconds = time_limit_seconds;
  const std::int64_t oom_kills = launcher_.out_of_memory_kills();
  std::unique_ptr<LaunchedGroup> launched = launcher_.start(spec);
  groups_.push_back({.spec = std::move(spec),
                     .launched = std::move(launched),
                     .started_at = monotonic_seconds(),
                     .oom_kills_before = oom_kills});
}

std::vector<EndedGroup> WorkerGroups::reap() {
  std::vector<EndedGroup> ended;
  std::vector<Group> alive;
  for (Group& group : groups_) {
    const auto end = group.launched->poll();
    if (!end) {
      alive.push_back(std::move(group));
      continue;
    }
    ended.push_back({.name = group.name(),
                     .end = *end,
                     .lifetime_seconds = monotonic_seconds() - group.started_at,
                     .was_hung = group.hung_since.has_value(),
                     .hang = group.hang,
                     .oom_kills = launcher_.out_of_memory_kills() - group.oom_kills_before,
                     .memory = group.memory});
  }
  groups_ = std::move(alive);
  return ended;
}

void WorkerGroups::watch(const std::vector<RunningTrial>& running, double hang_seconds) {
  const double now = clock_.seconds();
  for (Group& group : groups_) {
    follow(group, trial_of(group.name(), running), now);
    find_hung(group, now, hang_seconds);
  }
  if (now < next_look_) return;
  next_look_ = now + kSecondsBetweenLooksAtProcesses;
  look_at_processes(now);
}

void WorkerGroups::follow(Group& group, const RunningTrial* trial, double now) {
  const auto trial_id = trial != nullptr ? std::optional(trial->claim.trial_id) : std::nullopt;
  if (trial_id != group.trial_id) group.pace = {};
  group.trial_id = trial_id;
  group.pace.observe(trial != nullptr ? trial->claim.progress : Progress{}, now);
}

void WorkerGroups::look_at_processes(double now) {
  for (Group& group : groups_) {
    MemoryUse use;
    const std::vector<MemberState> members = group.launched->members();
    const auto worked_until = group.activity.worked_until(members, group.spec.ranks, now);
    if (worked_until) group.pace.note_work(*worked_until);
    // Of ranks out of sight, only standing still for long tells anything.
    if (!group.launched->shows_ranks()) group.pace.note_work(now);
    for (const MemberState& member : members) {
      use.resident_bytes += member.memory.resident_bytes;
      use.peak_bytes += member.memory.peak_bytes;
    }
    group.memory.peak_bytes = std::max(group.memory.peak_bytes, use.peak_bytes);
    const bool before_first_step = group.pace.place() && group.pace.place()->step == 0;
    if (before_first_step) group.memory.resident_bytes = use.resident_bytes;
  }
}

void WorkerGroups::find_hung(Group& group, double now, double hang_seconds) {
  if (group.hung_since) {
    if (now - *group.hung_since >= kSecondsForStacks) group.launched->kill();
    return;
  }
  if (!is_hung(group.pace, now, hang_seconds)) return;
  group.hung_since = now;
  const std::vector<MemberState> members = group.launched->members();
  group.hang = hang_text(*group.pace.place(), group.pace.standing_seconds(now), members);
  if (group.launched->shows_ranks() && ranks_among(members, group.spec.ranks).empty()) {
    group.hang += "; no rank has started";
  }
  write_hang_report(group.spec.settings, group.hang, members);
  group.launched->ask_for_stacks(members);
  const bool some_speak = std::any_of(
      members.begin(), members.end(), [](const MemberState& member) { return member.shows_stack; });
  if (!some_speak) group.launched->kill();
}

void WorkerGroups::ask_to_yield() {
  for (Group& group : groups_) group.launched->ask_to_yield();
}

void WorkerGroups::kill_without_ranks() {
  for (Group& group : groups_) {
    if (!group.launched->shows_ranks()) continue;
    const bool has_ranks = !ranks_among(group.launched->members(), group.spec.ranks).empty();
    if (!has_ranks) group.launched->kill();
  }
}

void WorkerGroups::kill_all() {
  for (Group& group : groups_) group.launched->kill();
}

std::vector<OwnGroup> WorkerGroups::standing() const {
  const double now = monotonic_seconds();
  std::vector<OwnGroup> standing;
  for (const Group& group : groups_) {
    standing.push_back({group.name(), group.spec.ranks, now - group.started_at});
  }
  return standing;
}

}  // namespace headway
