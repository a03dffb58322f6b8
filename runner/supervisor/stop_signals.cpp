#include "runner/supervisor/stop_signals.h"

#include <atomic>

#include "base/errors.h"
#include "base/signals.h"

namespace headway {
namespace {

std::atomic<int> signal_count{0};
std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "signal handlers may only touch such");

void note_signal(int signal) {
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  ++signal_count;
}

}  // namespace

StopSignals::StopSignals() {
  signal_count = 0;
  first_signal = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    const struct sigaction* const handler = is_ignored(kSignals[i]) ? nullptr : &action;
    if (::sigaction(kSignals[i], handler, &previous_[i]) != 0) throw_errno("sigaction");
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &previous_[i], nullptr);
  }
}

int StopSignals::count() const {
  return signal_count;
}
int StopSignals::first() const {
  return first_signal;
}

}  // namespace headway
