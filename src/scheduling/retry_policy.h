#pragma once

#include <string>
#include <vector>

namespace headway {

/// Whether a trial whose last attempt failed is tried again.
struct RetryDecision {
  bool retry = true;
  std::string reason;  // why not; empty when it is
};

/// `failures`: the class (as in attempt_finished records) of each attempt that failed since the
/// trial was last asked to be retried, in any order. Interruptions from outside are always tried
/// again and not counted; a failure that the same configuration would meet again is final.
RetryDecision decide_retry(const std::vector<std::string>& failures);

}  // namespace headway
