#include "runner/supervisor/worker_groups.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/time.h"
#include "cluster/local/scratch_folder.h"

namespace headway {
namespace {

const WatchedTrial* trial_of(const std::string& group, const std::vector<WatchedTrial>& running) {
  const auto found = std::find_if(running.begin(), running.end(), [&](const WatchedTrial& trial) {
    return trial.claim.owner.group == group;
  });
  return found == running.end() ? nullptr : &*found;
}

constexpr double kSecondsBetweenMeasurements = 1;
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
void write_hang_report(const GroupSpec& spec,
                       const std::string& text,
                       const std::vector<MemberState>& members) {
  std::ofstream log(group_log(spec.sweep_directory, spec.group), std::ios::app);
  fmt::print(log, "\ngroup {} is hung: {}; its processes:\n", spec.group, text);
  for (const MemberState& member : members) fmt::print(log, "  {}\n", member.describe());
}

}  // namespace

WorkerGroups::WorkerGroups(const SupervisorPresence& presence,
                           GroupSpec pattern,
                           std::vector<int> gpus)
    : presence_(presence), pattern_(std::move(pattern)), free_gpus_(std::move(gpus)) {}

void WorkerGroups::start(int width, std::optional<double> time_limit_seconds) {
  GroupSpec spec = pattern_;
  spec.group = presence_.group_name(started_++);
  spec.ranks = width;
  spec.gpus = take_gpus(width);
  spec.time_limit_seconds = time_limit_seconds;
  const std::int64_t oom_kills = out_of_memory_kills();
  ChildProcess process = start_group(spec);
  groups_.push_back({.spec = std::move(spec),
                     .process = std::move(process),
                     .started_at = monotonic_seconds(),
                     .oom_kills_before = oom_kills});
}

std::vector<int> WorkerGroups::take_gpus(int count) {
  const auto taken = std::min(static_cast<std::size_t>(count), free_gpus_.size());
  const auto end = free_gpus_.begin() + static_cast<std::ptrdiff_t>(taken);
  std::vector<int> gpus(free_gpus_.begin(), end);
  free_gpus_.erase(free_gpus_.begin(), end);
  return gpus;
}

std::vector<EndedGroup> WorkerGroups::reap() {
  std::vector<EndedGroup> ended;
  std::vector<Group> alive;
  for (Group& group : groups_) {
    const auto end = group.process.poll();
    if (!end) {
      alive.push_back(std::move(group));
      continue;
    }
    free_gpus_.insert(free_gpus_.end(), group.spec.gpus.begin(), group.spec.gpus.end());
    ended.push_back({.name = group.spec.group,
                     .end = *end,
                     .lifetime_seconds = monotonic_seconds() - group.started_at,
                     .was_hung = group.hung_since.has_value(),
                     .hang = group.hang,
                     .oom_kills = out_of_memory_kills() - group.oom_kills_before,
                     .memory = group.memory});
  }
  groups_ = std::move(alive);
  if (!ended.empty()) remove_abandoned_scratch();
  return ended;
}

void WorkerGroups::watch(const std::vector<WatchedTrial>& running, double hang_seconds) {
  const double now = clock_.seconds();
  for (Group& group : groups_) {
    follow(group, trial_of(group.spec.group, running), now);
    find_hung(group, now, hang_seconds);
  }
  if (now < next_measurement_) return;
  next_measurement_ = now + kSecondsBetweenMeasurements;
  measure_memory();
}

void WorkerGroups::follow(Group& group, const WatchedTrial* trial, double now) {
  const std::string trial_id = trial != nullptr ? trial->claim.trial_id : "";
  if (trial_id != group.trial_id) group.pace = {};
  group.trial_id = trial_id;
  group.pace.observe(trial != nullptr ? trial->claim.progress : Progress{}, now);
}

void WorkerGroups::measure_memory() {
  for (Group& group : groups_) {
    const MemoryUse use = group_memory(group.process.pid());
    group.memory.peak_bytes = std::max(group.memory.peak_bytes, use.peak_bytes);
    const bool before_first_step = group.pace.place() && group.pace.place()->step == 0;
    if (before_first_step) group.memory.resident_bytes = use.resident_bytes;
  }
}

void WorkerGroups::find_hung(Group& group, double now, double hang_seconds) {
  if (group.hung_since) {
    if (now - *group.hung_since >= kSecondsForStacks) group.process.kill_tree();
    return;
  }
  const auto deadline = hang_deadline_seconds(group.pace, hang_seconds);
  const double standing = group.pace.standing_seconds(now);
  if (!deadline || standing < *deadline) return;
  group.hung_since = now;
  const std::vector<MemberState> members = group_state(group.process.pid());
  group.hang = hang_text(*group.pace.place(), standing, members);
  write_hang_report(group.spec, group.hang, members);
  ask_for_stacks(members);
  const bool some_speak = std::any_of(
      members.begin(), members.end(), [](const MemberState& member) { return member.shows_stack; });
  if (!some_speak) group.process.kill_tree();
}

void WorkerGroups::ask_to_yield() {
  for (Group& group : groups_) {
    group.process.ask_to_yield();
    group.process.close_lifeline();
  }
}

void WorkerGroups::kill_all() {
  for (Group& group : groups_) group.process.kill_tree();
}

std::vector<OwnGroup> WorkerGroups::standing() const {
  const double now = monotonic_seconds();
  std::vector<OwnGroup> standing;
  for (const Group& group : groups_) {
    standing.push_back({group.spec.group, group.spec.ranks, now - group.started_at});
  }
  return standing;
}

}  // namespace headway
