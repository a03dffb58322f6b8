#include "runner/cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/errors.h"
#include "base/files.h"
#include "base/time.h"

extern char** environ;  // POSIX declares it nowhere

namespace headway {
namespace {

/// Texts as the array of pointers that exec wants; `texts` must outlive it.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> texts;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!program.environment.contains(text.substr(0, text.find('=')))) texts.push_back(text);
  }
  for (const auto& [name, value] : program.environment) texts.push_back(name + "=" + value);
  return texts;
}

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Which of this process's descriptors a child gets as 0, 1 and 2; -1 leaves it as it is.
using StandardStreams = std::array<int, 3>;

pid_t spawn(const Program& program, const StandardStreams& streams, const sigset_t& signal_mask) {
  std::vector<std::string> arguments = program.command;
  std::vector<std::string> environment = environment_of(program);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int target = 0; target < 3; ++target) {
    const int source = streams[static_cast<std::size_t>(target)];
    if (source >= 0) posix_spawn_file_actions_adddup2(&actions, source, target);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &signal_mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid,
                                   arguments.front().c_str(),
                                   &actions,
                                   &attributes,
                                   pointers(arguments).data(),
                                   pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  errno = error;
  if (error != 0) throw_errno("posix_spawnp", arguments.front());
  return pid;
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("waitpid");
  }
  return exit_code_of(status);
}

/// Takes what is there; closes the descriptor at its end.
void drain(FileDescriptor& from, std::string& into) {
  char buffer[4096];
  const ssize_t count = ::read(from.native(), buffer, sizeof buffer);
  if (count > 0) into.append(buffer, static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR)) from.reset();
}

/// False when the time was over before both streams had ended.
bool read_until(double deadline, FileDescriptor& out, FileDescriptor& err, CapturedRun& run) {
  while (out.is_open() || err.is_open()) {
    const double left = deadline - monotonic_seconds();
    if (left <= 0) return false;
    std::array<pollfd, 2> ready{{{out.native(), POLLIN, 0}, {err.native(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(left * 1000) + 1) < 0) continue;
    if (ready[0].revents != 0) drain(out, run.out);
    if (ready[1].revents != 0) drain(err, run.err);
  }
  return true;
}

sigset_t current_mask() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

/// While it lives, requests to stop and ends of children are taken one by one with `next`.
class SignalQueue {
 public:
  SignalQueue() {
    sigemptyset(&watched_);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR2, SIGHUP, SIGCHLD}) {
      sigaddset(&watched_, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  ~SignalQueue() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  const sigset_t& mask_before() const { return before_; }
  int next() {
    int signal = 0;
    ::sigwait(&watched_, &signal);
    return signal;
  }

 private:
  sigset_t watched_;
  sigset_t before_;
};

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "";
  const auto begin = text.rfind('\n', end);
  return text.substr(begin + 1, end - begin);
}

}  // namespace

CapturedRun run_captured(const Program& program, double timeout_seconds) {
  const FileDescriptor nothing = open_file("/dev/null", O_RDONLY);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const StandardStreams streams{nothing.native(), out.write.native(), err.write.native()};
  const pid_t pid = spawn(program, streams, current_mask());
  out.write.reset();
  err.write.reset();
  CapturedRun run;
  run.timed_out = !read_until(monotonic_seconds() + timeout_seconds, out.read, err.read, run);
  if (run.timed_out) ::kill(pid, SIGKILL);
  run.exit_code = wait_for(pid);
  return run;
}

ForegroundEnd run_in_foreground(const Program& program) {
  const Pipe lifeline = make_pipe();
  SignalQueue signals;
  const pid_t pid = spawn(program, {lifeline.read.native(), -1, -1}, signals.mask_before());
  int requests = 0;
  while (true) {
    if (signals.next() != SIGCHLD) {
      ::kill(pid, ++requests == 1 ? SIGTERM : SIGKILL);
      continue;
    }
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) continue;
    return {.exit_code = exit_code_of(status), .interrupted = requests > 0};
  }
}

void become(const Program& program) {
  int ends[2];  // inherited: this process itself keeps the writing end
  if (::pipe(ends) != 0) throw_errno("pipe");
  if (::dup2(ends[0], STDIN_FILENO) < 0) throw_errno("dup2");
  for (const auto& [name, value] : program.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> arguments = program.command;
  ::execvp(arguments.front().c_str(), pointers(arguments).data());
  throw_errno("execvp", arguments.front());
}

std::string failure_of(const CapturedRun& run, double timeout_seconds) {
  if (run.timed_out) return fmt::format("did not end within {} s", timeout_seconds);
  return fmt::format("exit code {}: {}", run.exit_code, last_line(run.err + run.out));
}

}  // namespace headway
