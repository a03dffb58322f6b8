#include "runner/worker/stack_traces.h"

#include <backward.hpp>

#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/errors.h"
#include "base/lost_pages.h"
#include "base/signals.h"

namespace headway {
namespace {

constexpr std::array<int, 5> kFatalSignals{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
constexpr int kMostFrames = 48;
constexpr unsigned kSecondsForNames = 10;
constexpr unsigned kSecondsToBeEnded = 5;
constexpr std::size_t kAlternateStackBytes = std::size_t{256} << 10;  // libdw reads names on it

// Fixed memory: handlers may not allocate.
std::array<char, 4096> crash_report_path{};
std::atomic<pid_t> dying_thread{0};

// std::to_string allocates.
void put_number(int file, int number) {
  std::array<char, 12> digits{};
  std::size_t begin = digits.size();
  do {
    digits[--begin] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  write_in_handler(file, {digits.data() + begin, digits.size() - begin});
}

void put_signal(int file, int signal) {
  write_in_handler(file, "signal ");
  put_number(file, signal);
  write_in_handler(file, " (");
  write_in_handler(file, signal_meaning(signal));
  write_in_handler(file, ")");
}

// "signal 11 (segmentation fault)"; before it the file whose page is lost, when it is that.
void put_cause(int file, int signal, const siginfo_t& info) {
  if (signal == SIGBUS && put_lost_page(file, info.si_addr)) write_in_handler(file, "; ");
  put_signal(file, signal);
}

void write_crash_report(int signal, const siginfo_t& info) {
  if (crash_report_path[0] == '\0') return;
  const int file = ::open(crash_report_path.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) return;
  write_in_handler(file, "crash\n");
  put_cause(file, signal, info);
  ::close(file);
}

// First what needs no memory, then the names of functions and lines, for which libdw allocates: in
// a process whose heap is broken that may fail or never return.
void print_stack() {
  std::array<void*, kMostFrames> frames{};
  const int count = ::backtrace(frames.data(), kMostFrames);
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
  write_in_handler(STDERR_FILENO, "the same by names:\n");
  backward::StackTrace trace;
  trace.load_here(kMostFrames);
  backward::Printer printer;
  printer.snippet = false;
  printer.color_mode = backward::ColorMode::never;
  printer.print(trace, stderr);
  std::fflush(stderr);
}

// Several threads may hit the same fault at once: the first one tells it and ends them all. One
// that hits another while it tells ends at once.
void die(int signal, siginfo_t* info, void* /*context*/) {
  pid_t teller = 0;
  const bool tells = dying_thread.compare_exchange_strong(teller, ::gettid());
  while (!tells && teller != ::gettid()) ::pause();
  if (tells) {
    write_crash_report(signal, *info);
    write_in_handler(STDERR_FILENO, "\nended by ");
    put_cause(STDERR_FILENO, signal, *info);
    write_in_handler(STDERR_FILENO, "; the stack:\n");
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(kSecondsForNames);
    print_stack();
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void show_stack(int /*signal*/, siginfo_t* /*info*/, void* /*context*/) {
  const int saved = errno;
  write_in_handler(STDERR_FILENO, "\nprocess ");
  put_number(STDERR_FILENO, ::getpid());
  write_in_handler(STDERR_FILENO, " was asked where it is; the stack:\n");
  print_stack();
  write_in_handler(STDERR_FILENO, "end of the stack\n");
  // Who asks is about to end the group as hung; it should not go on and finish meanwhile.
  ::sleep(kSecondsToBeEnded);
  errno = saved;
}

// A stack that has overflown has no room for a handler.
void use_alternate_stack() {
  static std::array<char, kAlternateStackBytes> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  if (::sigaltstack(&stack, nullptr) != 0) throw_errno("sigaltstack");
}

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = flags | static_cast<int>(SA_SIGINFO);
  sigemptyset(&action.sa_mask);
  if (::sigaction(signal, &action, nullptr) != 0) throw_errno("sigaction");
}

}  // namespace

void watch_fatal_signals() {
  std::array<void*, 1> frame{};
  ::backtrace(frame.data(), 1);  // loads what it needs now, not in a handler
  use_alternate_stack();
  for (const int signal : kFatalSignals) handle(signal, die, SA_ONSTACK);
  handle(stack_trace_signal(), show_stack, SA_RESTART);
}

void set_crash_report_file(const std::filesystem::path& file) {
  const std::string text = file.string();
  crash_report_path[0] = '\0';
  if (text.size() < crash_report_path.size()) {
    std::memcpy(crash_report_path.data(), text.c_str(), text.size() + 1);
  }
}

}  // namespace headway
