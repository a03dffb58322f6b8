#pragma once

#include <optional>
#include <string>

#include "base/host.h"
#include "base/watched_folder.h"

namespace headway {

/// Notes SIGTERM, SIGINT and SIGUSR2 (never SIGUSR1, which NCCL uses). Call once, early.
void watch_stop_signals();

/// What a rank watches besides signals.
struct LifelineWatch {
  /// The death of the parent process, mpirun or the supervisor, is a request to stop.
  bool follows_parent = false;
  /// So is the end of standard input, whose other end the supervisor holds. mpirun hands it to rank
  /// 0 alone.
  bool reads_standard_input = false;
  /// So is its death. On this machine.
  std::optional<ProcessIdentity> supervisor = {};
  /// Once it is gone, nothing can be saved, nor shall it be made anew: this process ends.
  WatchedFolder sweep_folder;
  /// A request to stop that leads to nothing for so long (a rank that is stopped never agrees) ends
  /// this process, and so the group.
  double stop_seconds = 60;
};
/// Starts a thread. Call once.
void watch_lifeline(const LifelineWatch& watch);

/// For the thread that trains: asking is a sign that the work comes forward.
bool stop_requested();
/// "signal 15 (terminated)", "the supervisor is gone".
std::string stop_reason();

}  // namespace headway
