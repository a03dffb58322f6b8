#include "cluster/slurm/slurm_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/process.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "cluster/local/local_launcher.h"
#include "cluster/slurm/slot_map.h"
#include "cluster/slurm/step_command.h"

namespace headway {
namespace {

constexpr std::uint64_t kLogLinesOfSlurm = 30;

/// Slots of a group; they go back to those that no group has.
class TakenSlots {
 public:
  TakenSlots(std::shared_ptr<SlotMap> map, int ranks) : map_(std::move(map)) {
    auto taken = map_->take(ranks);
    expects(taken.has_value(), "groups are started only where slots are free");
    shares_ = std::move(*taken);
  }
  TakenSlots(TakenSlots&& other) noexcept = default;
  TakenSlots& operator=(TakenSlots&&) = delete;
  ~TakenSlots() {
    if (map_) map_->give_back(shares_);
  }

  const std::vector<NodeShare>& shares() const { return shares_; }

 private:
  std::shared_ptr<SlotMap> map_;
  std::vector<NodeShare> shares_;
};

/// A group whose ranks srun has started. srun passes the end of its standard input on to all of
/// them, and when it is ended itself, Slurm ends the step.
class StepGroup final : public LaunchedGroup {
 public:
  StepGroup(const GroupSpec& spec, const StepPlace& place, std::int64_t& out_of_memory_kills)
      : log_(SweepLayout(spec.settings.sweep_directory).group_log(GroupName(spec.settings.group))),
        process_({.program = step_program(spec, place), .log = log_}),
        out_of_memory_kills_(out_of_memory_kills) {}

  std::optional<ProcessEnd> poll() override {
    if (end_) return end_;
    end_ = process_.poll();
    if (end_ && end_->exit_code != kExitDone && tells_of_memory()) {
      ++out_of_memory_kills_;
      end_ = ProcessEnd{kExitSignalBase + SIGKILL, 0};  // srun may have a code of its own for it
    }
    return end_;
  }
  // The signal ends an srun that still waits for a place in the job. One that is just starting its
  // tasks may lose it, but not the end of their input.
  void ask_to_yield() override {
    process_.ask_to_yield();
    process_.close_lifeline();
  }
  void kill() override { process_.kill_tree(); }
  bool shows_ranks() const override { return false; }
  std::vector<MemberState> members() override { return {}; }
  void ask_for_stacks(const std::vector<MemberState>&) override {}

 private:
  /// Of other nodes only Slurm's own words tell it.
  bool tells_of_memory() const {
    const std::vector<std::string> lines = last_lines(log_, kLogLinesOfSlurm);
    return std::ranges::any_of(lines, [](const std::string& line) {
      const bool is_slurm_s = line.find("srun: ") == 0 || line.find("slurmstepd: ") == 0;
      return is_slurm_s && (line.find("oom_kill event") != std::string::npos ||
                            line.find("Out Of Memory") != std::string::npos);
    });
  }

  std::filesystem::path log_;
  ChildProcess process_;
  std::int64_t& out_of_memory_kills_;
  std::optional<ProcessEnd> end_;
};

/// A group and the slots that it stands on.
class PlacedGroup final : public LaunchedGroup {
 public:
  PlacedGroup(TakenSlots slots, std::unique_ptr<LaunchedGroup> group)
      : slots_(std::move(slots)), group_(std::move(group)) {}

  std::optional<ProcessEnd> poll() override { return group_->poll(); }
  void ask_to_yield() override { group_->ask_to_yield(); }
  void kill() override { group_->kill(); }
  bool shows_ranks() const override { return group_->shows_ranks(); }
  std::vector<MemberState> members() override { return group_->members(); }
  void ask_for_stacks(const std::vector<MemberState>& members) override {
    group_->ask_for_stacks(members);
  }

 private:
  TakenSlots slots_;  // outlive the group
  std::unique_ptr<LaunchedGroup> group_;
};

class SlurmLauncher final : public Launcher {
 public:
  explicit SlurmLauncher(Allocation allocation)
      : allocation_(std::move(allocation)), local_(make_local_launcher()) {}

  std::unique_ptr<LaunchedGroup> start(const GroupSpec& spec) override {
    TakenSlots slots(slots_for(spec.settings.threads_per_rank), spec.ranks);
    // Of GPUs Slurm keeps count, which it can for its steps alone.
    const bool is_here = allocation_.own_host == slots.shares().front().node;
    if (spec.ranks == 1 && is_here && allocation_.device == "cpu") {
      return std::make_unique<PlacedGroup>(std::move(slots), local_->start(spec));
    }
    auto group = std::make_unique<StepGroup>(spec, place_of(spec, slots), out_of_memory_kills_);
    return std::make_unique<PlacedGroup>(std::move(slots), std::move(group));
  }
  std::int64_t out_of_memory_kills() const override {
    return local_->out_of_memory_kills() + out_of_memory_kills_;
  }
  std::int64_t available_memory_bytes() const override { return local_->available_memory_bytes(); }
  Liveness liveness(const ProcessIdentity& rank) const override { return local_->liveness(rank); }
  std::vector<GroupProcess> group_processes(
      const std::filesystem::path& sweep_directory) const override {
    return local_->group_processes(sweep_directory);
  }
  YieldRequest ask_to_yield(const ProcessIdentity& rank,
                            const std::filesystem::path& sweep_directory,
                            const GroupName& group) override {
    return local_->ask_to_yield(rank, sweep_directory, group);
  }

 private:
  // All groups of a supervisor have as many threads a rank.
  std::shared_ptr<SlotMap> slots_for(std::int64_t threads_per_rank) {
    if (!slots_) {
      slots_ = std::make_shared<SlotMap>(
          allocation_.slots_by_host(static_cast<int>(threads_per_rank)), allocation_.own_host);
    }
    return slots_;
  }

  StepPlace place_of(const GroupSpec& spec, const TakenSlots& slots) const {
    StepPlace place{
        .job = allocation_.slurm_job, .shares = {}, .has_gpus = allocation_.device == "cuda"};
    int cores = static_cast<int>(spec.settings.threads_per_rank);
    for (const NodeShare& share : slots.shares()) {
      const AllocatedHost& host = allocation_.hosts[share.node];
      place.shares.push_back({host.name, share.ranks});
      cores = std::min(cores, std::max(1, host.cores / share.ranks));
    }
    place.cpus_per_rank = cores * allocation_.cpus_per_core;
    return place;
  }

  Allocation allocation_;
  std::unique_ptr<Launcher> local_;
  std::shared_ptr<SlotMap> slots_;
  std::int64_t out_of_memory_kills_ = 0;
};

}  // namespace

std::unique_ptr<Launcher> make_slurm_launcher(const Allocation& allocation) {
  return std::make_unique<SlurmLauncher>(allocation);
}

}  // namespace headway
