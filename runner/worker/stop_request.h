#pragma once

#include <string>

namespace headway {

/// Notes SIGTERM, SIGINT and SIGUSR2 (never SIGUSR1, which NCCL uses). Call once, early.
void watch_stop_signals();
/// Also takes the end of standard input, or the death of the parent process, as a request to stop:
/// the supervisor holds the other end. Starts a thread.
void watch_lifeline();

bool stop_requested();
/// "signal 15 (terminated)", "the supervisor is gone".
std::string stop_reason();

}  // namespace headway
