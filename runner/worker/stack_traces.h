#pragma once

#include <filesystem>

namespace headway {

/// From now on a fatal signal (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL) prints this rank's stack
/// to standard error and writes its crash report before it ends the process, and
/// stack_trace_signal() prints the stack alone. Call once, early: Open MPI leaves handlers alone
/// that are there before it.
void watch_fatal_signals();

/// Where a fatal signal writes the crash report; "" for nowhere.
void set_crash_report_file(const std::filesystem::path& file);

}  // namespace headway
