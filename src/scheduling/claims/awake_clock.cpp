#include "scheduling/claims/awake_clock.h"

#include <algorithm>
#include <utility>

namespace headway {

AwakeClock::AwakeClock(std::function<double()> clock) : clock_(std::move(clock)), last_(clock_()) {}

double AwakeClock::seconds() {
  const double now = clock_();
  awake_ += std::min(now - last_, kLongestGapSeconds);
  last_ = now;
  return awake_;
}

}  // namespace headway
