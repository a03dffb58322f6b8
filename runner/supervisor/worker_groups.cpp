#include "runner/supervisor/worker_groups.h"

#include <algorithm>
#include <utility>

#include "base/time.h"

namespace headway {
namespace {

const WatchedTrial* trial_of(const std::string& group, const std::vector<WatchedTrial>& running) {
  const auto found = std::find_if(running.begin(), running.end(), [&](const WatchedTrial& trial) {
    return trial.claim.owner.group == group;
  });
  return found == running.end() ? nullptr : &*found;
}

}  // namespace

WorkerGroups::WorkerGroups(const SupervisorPresence& presence,
                           GroupSpec pattern,
                           std::vector<int> gpus)
    : presence_(presence), pattern_(std::move(pattern)), free_gpus_(std::move(gpus)) {}

void WorkerGroups::start(int width) {
  GroupSpec spec = pattern_;
  spec.group = presence_.group_name(started_++);
  spec.ranks = width;
  spec.gpus = take_gpus(width);
  ChildProcess process = start_group(spec);
  const double now = monotonic_seconds();
  groups_.push_back({.spec = std::move(spec),
                     .process = std::move(process),
                     .started_at = now,
                     .came_forward_at = now});
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
    ended.push_back(
        {group.spec.group, *end, monotonic_seconds() - group.started_at, group.is_hung});
  }
  groups_ = std::move(alive);
  return ended;
}

void WorkerGroups::kill_hung(const std::vector<WatchedTrial>& running, double patience_seconds) {
  const double now = monotonic_seconds();
  for (Group& group : groups_) {
    const WatchedTrial* trial = trial_of(group.spec.group, running);
    const std::string trial_id = trial ? trial->claim.trial_id : "";
    const Progress place = trial ? trial->claim.progress : Progress{};
    if (trial_id != group.trial_id || !place.same_place(group.place)) {
      group.trial_id = trial_id;
      group.place = place;
      group.came_forward_at = now;
    } else if (!group.is_hung && now - group.came_forward_at >= patience_seconds) {
      group.is_hung = true;
      group.process.kill_tree();
    }
  }
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
