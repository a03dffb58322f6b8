#pragma once

#include <sys/types.h>

#include <vector>

#include "base/host.h"
#include "cluster/launcher.h"

namespace headway {

/// `leader` and all its descendants; parents come before their children.
std::vector<MemberState> group_state(pid_t leader);

/// Whom to signal so that all ranks of a group hear it: mpirun when it started `rank`, which passes
/// signals on; else the rank itself.
ProcessIdentity group_leader(const ProcessIdentity& rank);

/// Has every member that can print its stack to the group's log. One that was stopped is continued
/// for that: a stopped process handles no signals.
void ask_for_stacks(const std::vector<MemberState>& members);

}  // namespace headway
