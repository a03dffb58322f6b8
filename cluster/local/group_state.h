#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/memory_use.h"

namespace headway {

/// What one process of a group is doing, as the kernel tells it.
struct MemberState {
  pid_t pid = 0;
  std::string name;
  std::optional<int> rank = {};  // as mpirun or srun set it; absent for mpirun itself
  std::string state;             // "S (sleeping)", "T (stopped)", ...
  std::string waits_in = {};     // the kernel's function, when it tells
  bool shows_stack = false;      // it handles stack_trace_signal()

  bool is_stopped() const { return state.starts_with("T"); }
  /// "rank 1 (process 4711, headway-worker): T (stopped)".
  std::string describe() const;
};

/// `leader` and all its descendants; parents come before their children.
std::vector<pid_t> process_tree(pid_t leader);

std::vector<MemberState> group_state(pid_t leader);

/// Whom to signal so that all ranks of a group hear it: mpirun when it started `rank`, which passes
/// signals on; else the rank itself.
ProcessIdentity group_leader(const ProcessIdentity& rank);

/// Has every member that can print its stack to the group's log. One that was stopped is continued
/// for that: a stopped process handles no signals.
void ask_for_stacks(const std::vector<MemberState>& members);

/// Of all processes of the group together.
MemoryUse group_memory(pid_t leader);

}  // namespace headway
