#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace headway {

/// A program to start: found in PATH, with more environment than its parent's.
struct Program {
  std::vector<std::string> command;  // command[0] is looked up in PATH
  std::map<std::string, std::string> environment = {};
  std::vector<std::string> without = {};  // variables that begin so are not passed on
};

/// How a process ended.
struct ProcessEnd {
  int exit_code = 0;  // 128 + signal when a signal ended it, as shells say it
  int signal = 0;     // 0 when it exited by itself

  /// The signal that ended it, or one of its own children, as mpirun and shells pass it on; else 0.
  int ending_signal() const;
  std::string describe() const;  // "exit code 1", "signal 9 (killed)"
};

/// Owns a child process that runs in a process group of its own, so that Ctrl-C at the terminal
/// does not reach it. Its standard input is a pipe that stays open as long as this object wants:
/// the lifeline. When this process dies, the pipe closes and the child is asked to yield. An object
/// that is dropped while the child runs kills it with all its descendants.
class ChildProcess {
 public:
  struct Start {
    Program program;
    std::filesystem::path log = {};   // standard output and error are appended here
    int output = -1;                  // a descriptor for them, in the place of a log
    std::vector<int> inherited = {};  // descriptors that the child keeps, too
  };

  /// EnvironmentError when the program cannot be run. To be called from a thread that lives as long
  /// as the child should: the kernel watches the starting thread, not the process.
  explicit ChildProcess(const Start& start);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  /// The end, once there is one; never waits.
  std::optional<ProcessEnd> poll();
  void close_lifeline() { lifeline_.reset(); }
  /// Asks the child to checkpoint and leave, by SIGUSR2: mpirun passes it on to the ranks, whereas
  /// on SIGTERM it kills them within seconds.
  void ask_to_yield();
  /// SIGKILL to the child and all its descendants (mpirun puts each rank in a group of its own).
  void kill_tree();

 private:
  pid_t pid_ = -1;
  FileDescriptor lifeline_;
  std::optional<ProcessEnd> end_;
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

/// `leader` and all its descendants; parents come before their children.
std::vector<pid_t> process_tree(pid_t leader);

}  // namespace headway
