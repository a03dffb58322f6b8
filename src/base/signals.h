#pragma once

#include <csignal>
#include <string>
#include <string_view>

#include "base/host.h"

namespace headway {

/// "segmentation fault", "killed", ...; safe to call in a signal handler.
const char* signal_meaning(int signal);

/// "signal 11 (segmentation fault)".
std::string describe_signal(int signal);

/// Writes `text` to the descriptor, as far as it takes it; safe to call in a signal handler.
void write_in_handler(int file, std::string_view text);

/// The signal that asks a worker's rank to print its stack. A real-time one: none of the usual ones
/// is free, and SIGUSR1 belongs to NCCL.
int stack_trace_signal();

/// Whether this process ignores `signal`. One that it was started to ignore, as by nohup, it must
/// go on ignoring: whoever installs a handler asks first.
bool is_ignored(int signal);

/// Has ends of children be told to this process, whatever its parent made of SIGCHLD. To be called
/// in the main of programs that start others.
void expect_ends_of_children();

/// In this thread, and in those that it starts meanwhile for as long as they live: signals are for
/// those who wait for them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked();
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked();

 private:
  sigset_t before_{};
};

/// Sends `signal` to exactly that process: never to a later one with the same number, never to one
/// of another machine. False when it is gone, or not of this machine; EnvironmentError when the
/// kernel refuses (another user's process).
bool send_signal(const ProcessIdentity& process, int signal);

}  // namespace headway
