#include "cluster/local/local_launcher.h"

#include <algorithm>
#include <csignal>

#include "base/signals.h"
#include "cluster/local/group_command.h"
#include "cluster/local/group_processes.h"
#include "cluster/local/group_state.h"
#include "cluster/local/scratch_folder.h"
#include "cluster/local/worker_identity.h"

namespace headway {
namespace {

/// GPUs of a group; they go back to those that no group has.
class TakenGpus {
 public:
  /// As many as there are, at most `count`.
  TakenGpus(std::shared_ptr<std::vector<int>> free, int count) : free_(std::move(free)) {
    const auto taken = std::min(static_cast<std::size_t>(count), free_->size());
    const auto end = free_->begin() + static_cast<std::ptrdiff_t>(taken);
    gpus_.assign(free_->begin(), end);
    free_->erase(free_->begin(), end);
  }
  TakenGpus(const TakenGpus&) = delete;
  TakenGpus& operator=(const TakenGpus&) = delete;
  ~TakenGpus() { free_->insert(free_->end(), gpus_.begin(), gpus_.end()); }

  const std::vector<int>& numbers() const { return gpus_; }

 private:
  std::shared_ptr<std::vector<int>> free_;
  std::vector<int> gpus_;
};

class LocalGroup final : public LaunchedGroup {
 public:
  LocalGroup(const GroupSpec& spec, std::shared_ptr<std::vector<int>> free_gpus)
      : gpus_(std::move(free_gpus), spec.ranks), process_(start_group(spec, gpus_.numbers())) {}
  LocalGroup(const LocalGroup&) = delete;
  LocalGroup& operator=(const LocalGroup&) = delete;
  ~LocalGroup() override {
    if (process_.poll()) remove_abandoned_scratch();
  }

  std::optional<ProcessEnd> poll() override { return process_.poll(); }
  void ask_to_yield() override {
    process_.ask_to_yield();
    process_.close_lifeline();
    // Who is stopped would keep the others from agreeing, and itself from leaving.
    for (const MemberState& member : members()) {
      if (member.is_stopped()) ::kill(static_cast<pid_t>(member.pid), SIGCONT);
    }
  }
  void kill() override { process_.kill_tree(); }
  std::vector<MemberState> members() override { return group_state(process_.pid()); }
  void ask_for_stacks(const std::vector<MemberState>& members) override {
    headway::ask_for_stacks(members);
  }

 private:
  TakenGpus gpus_;
  ChildProcess process_;
};

class LocalLauncher final : public Launcher {
 public:
  explicit LocalLauncher(std::vector<int> gpus)
      : free_gpus_(std::make_shared<std::vector<int>>(std::move(gpus))) {}

  std::unique_ptr<LaunchedGroup> start(const GroupSpec& spec) override {
    return std::make_unique<LocalGroup>(spec, free_gpus_);
  }
  std::int64_t out_of_memory_kills() const override { return headway::out_of_memory_kills(); }
  std::int64_t available_memory_bytes() const override { return headway::available_memory_bytes(); }
  Liveness liveness(const ProcessIdentity& rank) const override { return headway::liveness(rank); }
  std::vector<GroupProcess> group_processes(
      const std::filesystem::path& sweep_directory) const override {
    return headway::group_processes(sweep_directory);
  }
  YieldRequest ask_to_yield(const ProcessIdentity& rank,
                            const std::filesystem::path& sweep_directory,
                            const GroupName& group) override {
    if (headway::liveness(rank) != Liveness::kAlive) return YieldRequest::kGone;
    if (!is_worker_of(rank, sweep_directory, group)) return YieldRequest::kNoWorker;
    return send_signal(group_leader(rank), SIGUSR2) ? YieldRequest::kSent : YieldRequest::kGone;
  }

 private:
  std::shared_ptr<std::vector<int>> free_gpus_;
};

}  // namespace

std::unique_ptr<Launcher> make_local_launcher(const Allocation& allocation) {
  std::vector<int> gpus =
      allocation.hosts.empty() ? std::vector<int>{} : allocation.hosts.front().gpus;
  return std::make_unique<LocalLauncher>(std::move(gpus));
}

}  // namespace headway
