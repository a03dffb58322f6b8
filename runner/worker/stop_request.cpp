#include "runner/worker/stop_request.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "base/errors.h"
#include "base/signals.h"

namespace headway {
namespace {

constexpr int kLifelineEnded = -1;
constexpr int kPollMilliseconds = 500;

std::atomic<int> reason{0};  // 0 none, > 0 a signal, kLifelineEnded
static_assert(std::atomic<int>::is_always_lock_free, "set in a signal handler");

void note_signal(int signal) {
  reason.store(signal);
}

void note_lifeline_end() {
  int none = 0;
  reason.compare_exchange_strong(none, kLifelineEnded);
}

void follow_lifeline(pid_t parent) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  bool open = true;
  while (true) {
    const int ready = ::poll(&input, open ? 1 : 0, kPollMilliseconds);
    if (::getppid() != parent) return note_lifeline_end();
    if (ready <= 0) continue;
    std::array<char, 256> ignored{};
    const ssize_t count = ::read(STDIN_FILENO, ignored.data(), ignored.size());
    if (count <= 0) return note_lifeline_end();
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

void watch_lifeline() {
  std::thread(follow_lifeline, ::getppid()).detach();
}

bool stop_requested() {
  return reason.load() != 0;
}

std::string stop_reason() {
  const int noted = reason.load();
  return noted == kLifelineEnded ? "the supervisor is gone" : describe_signal(noted);
}

}  // namespace headway
