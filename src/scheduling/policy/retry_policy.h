#pragma once

#include <optional>
#include <string>
#include <vector>

namespace headway {

/// A failed attempt, as far as trying again depends on it.
struct FailedAttempt {
  std::string failure;  // class, as in attempt_finished records
  // For oom: what shared the memory that did not suffice.
  int ranks = 1;
  int groups_beside = 0;  // further groups on the same machine
  bool on_gpu = false;    // each rank has a memory of its own
};

/// Whether a trial whose last attempt failed is tried again.
struct RetryDecision {
  bool retry = true;
  std::string reason;  // why not; or under which terms; empty when simply tried again
  std::optional<int> max_ranks = {};  // a wider group needs more memory than there is
};

/// `failures`: the attempts that failed since the trial was last asked to be retried, in any order.
/// Interruptions from outside are always tried again and not counted; a failure that the same
/// configuration would meet again is final. Want of memory is met again with less of what does not
/// change results: fewer ranks, then fewer groups side by side.
RetryDecision decide_retry(const std::vector<FailedAttempt>& failures);

/// What a class of failures means and how often it is tried again, in words: for people.
std::string retry_rule(const std::string& failure);

}  // namespace headway
