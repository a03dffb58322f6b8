#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "base/signals.h"
#include "base/text.h"
#include "base/time.h"
#include "base/watched_folder.h"

extern char** environ;  // POSIX declares it nowhere

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

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> texts;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const bool is_left_out =
        program.environment.contains(text.substr(0, text.find('='))) ||
        std::any_of(program.without.begin(), program.without.end(), [&](const std::string& prefix) {
          return text.starts_with(prefix);
        });
    if (!is_left_out) texts.push_back(text);
  }
  for (const auto& [name, value] : program.environment) texts.push_back(name + "=" + value);
  return texts;
}

/// Texts as the array of pointers that exec wants; `texts` must outlive it.
std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

ProcessEnd end_from(int status) {
  if (WIFSIGNALED(status)) return {kExitSignalBase + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("waitpid");
  }
  return end_from(status).exit_code;
}

// What the child needs between fork and exec, made before: there it may not allocate.
struct ChildPlan {
  char* const* arguments;
  char* const* environment;
  int standard_input;
  int log;
  int failure;  // errno is written here when exec fails
  const std::vector<int>& inherited;
  pid_t parent;
};

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2, SIGPIPE}) ::signal(signal, SIG_DFL);
}

[[noreturn]] void become_child(const ChildPlan& plan) {
  ::setpgid(0, 0);
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGUSR2);
  if (::getppid() != plan.parent) ::_exit(kExitYielded);  // it died before the kernel could tell us
  const bool wired = ::dup2(plan.standard_input, STDIN_FILENO) >= 0 &&
                     ::dup2(plan.log, STDOUT_FILENO) >= 0 && ::dup2(plan.log, STDERR_FILENO) >= 0;
  for (const int inherited : plan.inherited) ::fcntl(inherited, F_SETFD, 0);
  if (wired) ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  const int reason = errno;
  [[maybe_unused]] const auto written = ::write(plan.failure, &reason, sizeof(reason));
  ::_exit(kExitCannotStart);
}

/// Which of this process's descriptors a child gets as 0, 1 and 2; -1 leaves it as it is.
using StandardStreams = std::array<int, 3>;

pid_t spawn(const Program& program, const StandardStreams& streams, const sigset_t& signal_mask) {
  const std::vector<std::string> environment = environment_of(program);
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
                                   program.command.front().c_str(),
                                   &actions,
                                   &attributes,
                                   c_strings(program.command).data(),
                                   c_strings(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  errno = error;
  if (error != 0) throw_errno("posix_spawnp", program.command.front());
  return pid;
}

/// Takes what is there; closes the descriptor at its end.
void drain(FileDescriptor& from, std::string& into) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(from.native(), buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
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
      // Blocked, an ignored signal would be kept for `next` all the same.
      if (!is_ignored(signal)) sigaddset(&watched_, signal);
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

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code none;
  const std::filesystem::path tasks = fmt::format("/proc/{}/task", pid);
  std::filesystem::directory_iterator task(tasks, none);
  for (; !none && task != std::filesystem::directory_iterator(); task.increment(none)) {
    std::ifstream list(task->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

void collect_tree(pid_t pid, std::vector<pid_t>& tree) {
  tree.push_back(pid);
  for (const pid_t child : children_of(pid)) collect_tree(child, tree);
}

}  // namespace

int ProcessEnd::ending_signal() const {
  if (signal != 0) return signal;
  const bool tells = exit_code > kExitSignalBase && exit_code <= kExitSignalBase + SIGRTMAX;
  return tells ? exit_code - kExitSignalBase : 0;
}

std::string ProcessEnd::describe() const {
  if (signal != 0) return describe_signal(signal);
  if (ending_signal() == 0) return fmt::format("exit code {}", exit_code);
  return fmt::format("a process of it was ended by {}", describe_signal(ending_signal()));
}

ChildProcess::ChildProcess(const Start& start) {
  const std::vector<std::string>& command = start.program.command;
  expects(!command.empty(), "a command has at least a program");
  FileDescriptor log;
  if (start.output < 0) {
    make_last_directories(start.log.parent_path(), 1, Durability::kAtomicOnly);
    log = open_file(start.log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW);
  }
  const std::vector<std::string> environment = environment_of(start.program);
  const std::vector<char*> arguments = c_strings(command);
  const std::vector<char*> variables = c_strings(environment);
  Pipe lifeline = make_pipe();
  Pipe failure = make_pipe();
  const ChildPlan plan{arguments.data(),
                       variables.data(),
                       lifeline.read_end.native(),
                       log.is_open() ? log.native() : start.output,
                       failure.write_end.native(),
                       start.inherited,
                       ::getpid()};
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) become_child(plan);
  ::setpgid(pid_, pid_);  // also here, so that it holds whoever comes first
  lifeline_ = std::move(lifeline.write_end);
  failure.write_end.reset();
  int reason = 0;
  if (::read(failure.read_end.native(), &reason, sizeof(reason)) == sizeof(reason)) {
    ::waitpid(pid_, nullptr, 0);
    errno = reason;
    throw_errno("exec", command.front());
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

CapturedRun run_captured(const Program& program, double timeout_seconds) {
  const FileDescriptor nothing = open_file("/dev/null", O_RDONLY);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const StandardStreams streams{nothing.native(), out.write_end.native(), err.write_end.native()};
  const pid_t pid = spawn(program, streams, current_mask());
  out.write_end.reset();
  err.write_end.reset();
  CapturedRun run;
  const double deadline = monotonic_seconds() + timeout_seconds;
  run.timed_out = !read_until(deadline, out.read_end, err.read_end, run);
  if (run.timed_out) ::kill(pid, SIGKILL);
  run.exit_code = wait_for(pid);
  return run;
}

std::string failure_of(const CapturedRun& run, double timeout_seconds) {
  if (run.timed_out) return fmt::format("did not end within {} s", timeout_seconds);
  return fmt::format("exit code {}: {}", run.exit_code, last_line(run.err + run.out));
}

ForegroundEnd run_in_foreground(const Program& program) {
  const Pipe lifeline = make_pipe();
  SignalQueue signals;
  const pid_t pid = spawn(program, {lifeline.read_end.native(), -1, -1}, signals.mask_before());
  int requests = 0;
  while (true) {
    if (signals.next() != SIGCHLD) {
      ::kill(pid, ++requests == 1 ? SIGTERM : SIGKILL);
      continue;
    }
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) continue;
    return {.exit_code = end_from(status).exit_code, .interrupted = requests > 0};
  }
}

void become(const Program& program) {
  std::array<int, 2> ends{};  // inherited: this process itself keeps the writing end
  if (::pipe(ends.data()) != 0) throw_errno("pipe");
  if (::dup2(ends[0], STDIN_FILENO) < 0) throw_errno("dup2");
  for (const auto& [name, value] : program.environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::execvp(program.command.front().c_str(), c_strings(program.command).data());
  throw_errno("execvp", program.command.front());
}

std::vector<pid_t> process_tree(pid_t leader) {
  std::vector<pid_t> tree;
  collect_tree(leader, tree);
  return tree;
}

}  // namespace headway
