#include "scheduling/policy/time_budget.h"

#include <algorithm>

namespace headway {
namespace {

// Before anything is measured: a process that loads libraries and data, and a small model's state.
constexpr double kAssumedStartSeconds = 3;
constexpr double kAssumedLaunchSeconds = 2;  // the command itself, and the group until it claims
constexpr double kAssumedSaveSeconds = 0.5;
constexpr double kSafety = 1.5;              // the next save may be slower than all so far
constexpr double kLeaveSeconds = 1;          // records, the supervisor's look
constexpr double kMpirunLeaveSeconds = 1.5;  // from the end of its ranks to its own: 1.1 s measured

}  // namespace

TimeBudget::TimeBudget(double limit_at, int ranks)
    : limit_at_(limit_at), leave_seconds_(kLeaveSeconds + (ranks > 1 ? kMpirunLeaveSeconds : 0)) {}

void TimeBudget::begin_trial(double now) {
  pace_ = {};
  begun_at_ = now;
  has_stepped_ = false;
}

void TimeBudget::observe(const Progress& place, double now) {
  pace_.observe(place, now);
  if (place.step > 0 && !has_stepped_) {
    has_stepped_ = true;
    slowest_start_ = std::max(slowest_start_, now - begun_at_);
  }
  for (const char* phase : {"training", "evaluating"}) {
    slowest_stride_ = std::max(slowest_stride_, pace_.slowest_seconds(phase).value_or(0));
  }
  slowest_save_ = std::max(slowest_save_, pace_.slowest_seconds("saving").value_or(0));
}

double TimeBudget::seconds_to_stop() const {
  const double save = slowest_save_ > 0 ? slowest_save_ : kAssumedSaveSeconds;
  return kSafety * (slowest_stride_ + save) + leave_seconds_;
}

double TimeBudget::seconds_to_first_checkpoint() const {
  const double start = slowest_start_ > 0 ? slowest_start_ : kAssumedStartSeconds;
  return start + seconds_to_stop();
}

double assumed_seconds_to_first_checkpoint() {
  return kAssumedLaunchSeconds + TimeBudget(/*limit_at=*/0).seconds_to_first_checkpoint();
}

bool worth_starting_group(double seconds_left) {
  return seconds_left > TimeBudget(/*limit_at=*/0).seconds_to_first_checkpoint();
}

}  // namespace headway
