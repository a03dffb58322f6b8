#include "base/signals.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/errors.h"
#include "base/files.h"

namespace headway {
namespace {

struct Meaning {
  int signal;
  const char* text;
};

constexpr std::array<Meaning, 13> kMeanings{{{SIGHUP, "terminal closed"},
                                             {SIGINT, "interrupted"},
                                             {SIGQUIT, "quit"},
                                             {SIGILL, "illegal instruction"},
                                             {SIGABRT, "aborted"},
                                             {SIGBUS, "bus error"},
                                             {SIGFPE, "arithmetic fault"},
                                             {SIGKILL, "killed"},
                                             {SIGSEGV, "segmentation fault"},
                                             {SIGUSR2, "asked to yield"},
                                             {SIGPIPE, "broken pipe"},
                                             {SIGALRM, "alarm"},
                                             {SIGTERM, "terminated"}}};

constexpr int kStackTraceOffset = 5;  // above those that debuggers and run-time libraries take

}  // namespace

const char* signal_meaning(int signal) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.signal == signal) return meaning.text;
  }
  return "a signal";
}

std::string describe_signal(int signal) {
  return fmt::format("signal {} ({})", signal, signal_meaning(signal));
}

void write_in_handler(int file, std::string_view text) {
  [[maybe_unused]] const auto written = ::write(file, text.data(), text.size());
}

int stack_trace_signal() {
  return SIGRTMIN + kStackTraceOffset;
}

bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void expect_ends_of_children() {
  ::signal(SIGCHLD, SIG_DFL);  // ignored, the kernel would throw them away
}

AllSignalsBlocked::AllSignalsBlocked() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

AllSignalsBlocked::~AllSignalsBlocked() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

// The handle is opened first and the identity compared after: the handle stays with the process it
// was opened for, so no other can slip in between.
bool send_signal(const ProcessIdentity& process, int signal) {
  const FileDescriptor handle(
      static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(process.pid), 0)));
  if (!handle.is_open() && errno != ENOSYS) return false;
  if (liveness(process) != Liveness::kAlive) return false;
  const long result = handle.is_open()
                          ? ::syscall(SYS_pidfd_send_signal, handle.native(), signal, nullptr, 0)
                          : ::kill(static_cast<pid_t>(process.pid), signal);
  if (result == 0) return true;
  if (errno == ESRCH) return false;
  throw_errno("kill", fmt::format("process {}", process.pid));
}

}  // namespace headway
