#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/ids.h"
#include "base/memory_use.h"
#include "base/process.h"
#include "cluster/group_settings.h"

namespace headway {

/// One worker group to be started.
struct GroupSpec {
  std::filesystem::path worker;  // headway-worker
  int ranks = 1;
  GroupSettings settings;
};

/// What one process of a group is doing, as its host tells it.
struct MemberState {
  std::int64_t pid = 0;
  std::string name;
  std::optional<int> rank = {};  // as mpirun or srun set it; absent for mpirun itself
  std::string state;             // "S (sleeping)", "T (stopped)", ...
  std::string waits_in = {};     // the kernel's function, when it tells
  bool shows_stack = false;      // it handles stack_trace_signal()
  MemoryUse memory = {};
  /// Time that its main thread, which trains, has had on a processor: grows while it works, also
  /// while it waits for other ranks.
  std::uint64_t worked_nanoseconds = 0;

  bool is_stopped() const { return state.starts_with("T"); }
  /// "rank 1 (process 4711, headway-worker): T (stopped)".
  std::string describe() const;
};

/// A process that serves a sweep, whoever started it.
struct GroupProcess {
  ProcessIdentity process;
  std::string group;
  std::string suite = {};  // that it evaluates; "": it trains
};

/// A group that a launcher has started, wherever its processes are. Whoever drops it while it runs
/// kills it.
class LaunchedGroup {
 public:
  virtual ~LaunchedGroup() = default;

  /// Its end, once there is one; nothing while it is alive. Never waits.
  virtual std::optional<ProcessEnd> poll() = 0;
  /// Has it checkpoint and leave.
  virtual void ask_to_yield() = 0;
  /// Ends all its processes at once.
  virtual void kill() = 0;
  /// Whether its ranks are among its members once they have started: not when they are on hosts
  /// that cannot be seen from here. Such a group hears a request also when that comes before them.
  virtual bool shows_ranks() const { return true; }
  /// Its processes; those that started others come before them.
  virtual std::vector<MemberState> members() = 0;
  /// Has every member that can, of those of the last look, print its stack to the group's log, also
  /// one that is stopped.
  virtual void ask_for_stacks(const std::vector<MemberState>& members) = 0;
};

/// What became of a request to a group to leave.
enum class YieldRequest { kSent, kGone, kNoWorker };

/// Starts worker groups on an allocation: keeps count of its GPUs, and knows what only its hosts
/// can tell.
class Launcher {
 public:
  virtual ~Launcher() = default;

  /// EnvironmentError when it cannot be started.
  virtual std::unique_ptr<LaunchedGroup> start(const GroupSpec& spec) = 0;
  /// How often the hosts' kernels have killed a process for want of memory. Only differences mean
  /// anything.
  virtual std::int64_t out_of_memory_kills() const = 0;
  /// What processes of one host may fill together.
  virtual std::int64_t available_memory_bytes() const = 0;
  /// Whether rank 0 of a group that any supervisor started is alive; kUnknown when this launcher
  /// cannot see its host.
  virtual Liveness liveness(const ProcessIdentity& rank) const = 0;
  /// Has `group` of the sweep in `sweep_directory`, whoever started it, checkpoint and leave.
  /// `rank` is said to be its rank 0; any other process is left alone.
  virtual YieldRequest ask_to_yield(const ProcessIdentity& rank,
                                    const std::filesystem::path& sweep_directory,
                                    const GroupName& group) = 0;
  /// All processes of worker groups of a sweep that this user has on hosts that can be seen from
  /// here, those of other supervisors included.
  virtual std::vector<GroupProcess> group_processes(
      const std::filesystem::path& sweep_directory) const = 0;
};

}  // namespace headway
