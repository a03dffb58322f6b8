#pragma once

#include <functional>

#include "base/time.h"

namespace headway {

/// Counts the time that its owner was awake. An observer that was stopped itself (SIGSTOP, a frozen
/// container) knows nothing of what others did meanwhile: by this clock hardly any time has passed,
/// so it looks again before it judges.
class AwakeClock {
 public:
  /// Between two looks at it at most so much counts.
  static constexpr double kLongestGapSeconds = 1;

  explicit AwakeClock(std::function<double()> clock = monotonic_seconds);

  double seconds();

 private:
  std::function<double()> clock_;
  double last_;
  double awake_ = 0;
};

}  // namespace headway
