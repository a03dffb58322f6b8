#include "runner/worker/stop_request.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/signals.h"
#include "scheduling/claims/awake_clock.h"

namespace headway {
namespace {

constexpr int kLifelineEnded = -1;
constexpr int kPollMilliseconds = 500;

std::atomic<int> reason{0};  // 0 none, > 0 a signal, kLifelineEnded
static_assert(std::atomic<int>::is_always_lock_free, "set in a signal handler");
std::atomic<std::uint64_t> times_asked{0};

void note_signal(int signal) {
  reason.store(signal);
}

void note_lifeline_end() {
  int none = 0;
  reason.compare_exchange_strong(none, kLifelineEnded);
}

// False at its end. Nobody writes to it.
bool standard_input_is_open() {
  std::array<char, 256> ignored{};
  return ::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0;
}

// Only what the pipe takes without waiting: mpirun at its other end may be stopped.
void say_without_waiting(const std::string& text) {
  pollfd output{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&output, 1, 0) <= 0 || (output.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Measures how long a request to stop has led to nothing. By awake time: a process that was
/// stopped itself is not late when it goes on.
class OverdueStop {
 public:
  explicit OverdueStop(double allowed_seconds) : allowed_seconds_(allowed_seconds) {}

  bool is_overdue() {
    const double now = clock_.seconds();
    const std::uint64_t asked = times_asked.load();
    if (reason.load() == 0 || asked != asked_before_) since_ = now;
    asked_before_ = asked;
    return now - since_ >= allowed_seconds_;
  }

 private:
  AwakeClock clock_;
  double allowed_seconds_;
  double since_ = 0;
  std::uint64_t asked_before_ = 0;
};

[[noreturn]] void end_process(const std::string& why, int exit_code) {
  say_without_waiting(fmt::format("process {}: {}\n", ::getpid(), why));
  ::_exit(exit_code);
}

[[noreturn]] void follow(LifelineWatch watch, pid_t parent) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  OverdueStop stop(watch.stop_seconds);
  while (true) {
    const int ready = ::poll(&input, watch.reads_standard_input ? 1 : 0, kPollMilliseconds);
    if (ready > 0 && !standard_input_is_open()) {
      note_lifeline_end();
      watch.reads_standard_input = false;
    }
    const bool is_orphan = watch.follows_parent && ::getppid() != parent;
    if (is_orphan || (watch.supervisor && liveness(*watch.supervisor) == Liveness::kDead)) {
      note_lifeline_end();
    }
    if (watch.sweep_folder.is_gone()) {
      end_process(fmt::format("the sweep's folder '{}' is gone or was replaced",
                              watch.sweep_folder.path().string()),
                  kExitFailed);
    }
    if (!stop.is_overdue()) continue;
    end_process(fmt::format("asked to stop ({}), but nothing came of it for {:.0f} s: it ends "
                            "without a checkpoint",
                            stop_reason(),
                            watch.stop_seconds),
                kExitYielded);
  }
}

}  // namespace

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) {
    if (!is_ignored(signal) && ::sigaction(signal, &action, nullptr) != 0) throw_errno("sigaction");
  }
}

void watch_lifeline(const LifelineWatch& watch) {
  std::thread(follow, watch, ::getppid()).detach();
}

bool stop_requested() {
  times_asked.fetch_add(1, std::memory_order_relaxed);
  return reason.load() != 0;
}

std::string stop_reason() {
  const int noted = reason.load();
  return noted == kLifelineEnded ? "the supervisor is gone" : describe_signal(noted);
}

}  // namespace headway
