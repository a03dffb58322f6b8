#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/sweep_layout.h"
#include "cluster/launcher.h"
#include "scheduling/claims/claims.h"
#include "store/segments/segment_writer.h"

namespace headway {

/// What a fake group does from one look at it to the next, and what it was asked for.
struct FakeGroupState {
  GroupSpec spec;
  int polls = 0;
  bool was_asked_to_yield = false;
  bool was_killed = false;
  bool was_asked_for_stacks = false;
  bool shows_ranks = true;
  std::vector<MemberState> members = {};
};

/// Groups without processes: a script decides at each poll whether a group goes on (nothing) or how
/// it ends.
class FakeLauncher final : public Launcher {
 public:
  using Script = std::function<std::optional<ProcessEnd>(FakeGroupState& group)>;

  explicit FakeLauncher(Script script = {}) : script_(std::move(script)) {}
  void set_script(Script script) { script_ = std::move(script); }

  std::unique_ptr<LaunchedGroup> start(const GroupSpec& spec) override {
    groups_.push_back(std::make_shared<FakeGroupState>());
    groups_.back()->spec = spec;
    groups_.back()->shows_ranks = shows_ranks;
    return std::make_unique<Group>(groups_.back(), script_);
  }
  std::int64_t out_of_memory_kills() const override { return oom_kills; }
  std::int64_t available_memory_bytes() const override { return available_bytes; }
  Liveness liveness(const ProcessIdentity&) const override { return Liveness::kUnknown; }
  std::vector<GroupProcess> group_processes(const std::filesystem::path&) const override {
    return processes;
  }
  YieldRequest ask_to_yield(const ProcessIdentity&,
                            const std::filesystem::path&,
                            const GroupName&) override {
    return YieldRequest::kGone;
  }

  /// Of all groups that were started, in order.
  const std::vector<std::shared_ptr<FakeGroupState>>& groups() const { return groups_; }

  bool shows_ranks = true;              // of groups to come
  std::vector<GroupProcess> processes;  // that serve the sweep besides
  std::int64_t oom_kills = 0;
  std::int64_t available_bytes = std::int64_t{8} << 30;

 private:
  class Group final : public LaunchedGroup {
   public:
    Group(std::shared_ptr<FakeGroupState> state, const Script& script)
        : state_(std::move(state)), script_(script) {}

    std::optional<ProcessEnd> poll() override {
      ++state_->polls;
      if (state_->was_killed) return ProcessEnd{kKilledExitCode, kKillSignal};
      return script_(*state_);
    }
    void ask_to_yield() override { state_->was_asked_to_yield = true; }
    void kill() override { state_->was_killed = true; }
    bool shows_ranks() const override { return state_->shows_ranks; }
    std::vector<MemberState> members() override { return state_->members; }
    void ask_for_stacks(const std::vector<MemberState>&) override {
      state_->was_asked_for_stacks = true;
    }

   private:
    static constexpr int kKillSignal = 9;
    static constexpr int kKilledExitCode = 128 + kKillSignal;

    std::shared_ptr<FakeGroupState> state_;
    const Script& script_;
  };

  Script script_;
  std::vector<std::shared_ptr<FakeGroupState>> groups_;
};

/// A script: the group dies at once and leaves the reason, "libtorch_cpu.so: cannot open", in its
/// log.
inline std::optional<ProcessEnd> fails_to_start(FakeGroupState& group) {
  const GroupSettings& settings = group.spec.settings;
  std::ofstream(SweepLayout(settings.sweep_directory).group_log(GroupName(settings.group)))
      << "libtorch_cpu.so: cannot open\n";
  return ProcessEnd{kExitCannotStart, 0};
}

}  // namespace headway
