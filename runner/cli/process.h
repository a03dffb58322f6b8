#pragma once

#include <map>
#include <string>
#include <vector>

namespace headway {

/// A program to start, as `headway` sees it: found in PATH, with more environment than its own.
struct Program {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment = {};
};

struct CapturedRun {
  int exit_code = 0;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
  bool timed_out = false;  // and was killed
};

/// Runs `program` with empty standard input and keeps what it prints. EnvironmentError when it
/// cannot be started.
CapturedRun run_captured(const Program& program, double timeout_seconds);

/// "exit code 127: error while loading shared libraries ...", from the last line that it printed.
std::string failure_of(const CapturedRun& run, double timeout_seconds);

struct ForegroundEnd {
  int exit_code = 0;         // 128 + signal when a signal ended it
  bool interrupted = false;  // someone asked for the end: Ctrl-C, SIGTERM or SIGUSR2
};

/// Runs `program` on this process's terminal and waits. Its standard input is a pipe that ends with
/// this process. The first request to stop is passed on as SIGTERM, a second one kills.
ForegroundEnd run_in_foreground(const Program& program);

/// Goes on as `program`, in this process (as mpirun and srun expect of a rank). Standard input
/// becomes a pipe that never ends: a rank may have none.
[[noreturn]] void become(const Program& program);

}  // namespace headway
