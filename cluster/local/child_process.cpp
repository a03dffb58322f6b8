#include "cluster/local/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/environment.h"
#include "base/errors.h"
#include "base/signals.h"
#include "cluster/local/group_state.h"

extern char** environ;

namespace headway {
namespace {

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

// Closed on exec at both ends: a child that inherited a sibling's lifeline would keep it open.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe2");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : changes) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// What the child needs between fork and exec, made before: there it may not allocate.
struct ChildPlan {
  char* const* arguments;
  char* const* environment;
  int standard_input;
  int log;
  int failure;  // errno is written here when exec fails
  int inherited;
  pid_t parent;
};

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2, SIGPIPE}) ::signal(signal, SIG_DFL);
}

[[noreturn]] void become(const ChildPlan& plan) {
  ::setpgid(0, 0);
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGUSR2);
  if (::getppid() != plan.parent) ::_exit(75);  // it died before the kernel knew of our wish
  const bool wired = ::dup2(plan.standard_input, STDIN_FILENO) >= 0 &&
                     ::dup2(plan.log, STDOUT_FILENO) >= 0 && ::dup2(plan.log, STDERR_FILENO) >= 0;
  if (plan.inherited >= 0) ::fcntl(plan.inherited, F_SETFD, 0);
  if (wired) ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  const int reason = errno;
  [[maybe_unused]] const auto written = ::write(plan.failure, &reason, sizeof(reason));
  ::_exit(127);
}

ProcessEnd end_from(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

int ProcessEnd::ending_signal() const {
  constexpr int kSignalBase = 128;
  if (signal != 0) return signal;
  return exit_code > kSignalBase && exit_code <= kSignalBase + SIGRTMAX ? exit_code - kSignalBase
                                                                        : 0;
}

std::string ProcessEnd::describe() const {
  if (signal != 0) return describe_signal(signal);
  if (ending_signal() == 0) return fmt::format("exit code {}", exit_code);
  return fmt::format("a process of it was ended by {}", describe_signal(ending_signal()));
}

ChildProcess::ChildProcess(const Start& start) {
  expects(!start.command.empty(), "a command has at least a program");
  std::filesystem::create_directories(start.log.parent_path());
  const FileDescriptor log = open_file(start.log, O_WRONLY | O_CREAT | O_APPEND);
  const std::vector<std::string> environment = merged_environment(start.environment);
  const std::vector<char*> arguments = c_strings(start.command);
  const std::vector<char*> variables = c_strings(environment);
  Pipe lifeline = make_pipe();
  Pipe failure = make_pipe();
  const ChildPlan plan{arguments.data(),
                       variables.data(),
                       lifeline.read_end.native(),
                       log.native(),
                       failure.write_end.native(),
                       start.inherited,
                       ::getpid()};
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) become(plan);
  ::setpgid(pid_, pid_);  // also here, so that it holds whoever comes first
  lifeline_ = std::move(lifeline.write_end);
  failure.write_end.reset();
  int reason = 0;
  if (::read(failure.read_end.native(), &reason, sizeof(reason)) == sizeof(reason)) {
    ::waitpid(pid_, nullptr, 0);
    errno = reason;
    throw_errno("exec", start.command.front());
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      lifeline_(std::move(other.lifeline_)),
      end_(other.end_) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || end_) return;
  kill_tree();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<ProcessEnd> ChildProcess::poll() {
  if (end_) return end_;
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended < 0 && errno != EINTR) throw_errno("waitpid");
  if (ended == pid_) end_ = end_from(status);
  return end_;
}

void ChildProcess::ask_to_yield() {
  if (!poll()) ::kill(pid_, SIGUSR2);
}

void ChildProcess::kill_tree() {
  if (poll()) return;
  const std::vector<pid_t> tree = process_tree(pid_);
  ::kill(-pid_, SIGKILL);
  for (const pid_t member : tree) ::kill(member, SIGKILL);
}

}  // namespace headway
