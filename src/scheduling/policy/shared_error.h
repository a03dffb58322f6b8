#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace headway {

/// A trial whose last attempt came to an end of its own: done, or failed.
struct EndedTrial {
  TrialId trial_id;
  std::string failure;  // class; "" when done
  std::string message;
};

/// What most of a sweep's trials have ended by.
struct SharedError {
  std::string failure;
  std::string message;             // of the first one
  std::vector<TrialId> trial_ids;  // all that ended by it
};

/// How many trials must end the same way before the sweep is paused.
inline constexpr std::size_t kTrialsThatPause = 3;

/// The error by which three trials, and more than half of all `ended`, have ended while none is
/// done: then something is wrong with the sweep or the machine, not with a trial, and the others
/// would only fail too. Texts are compared without their numbers and log names. Divergence is a
/// result, as good as done for this. Which trial ended first does not matter: clocks of hosts
/// differ, and every host must come to the same view.
std::optional<SharedError> shared_error(const std::vector<EndedTrial>& ended);

}  // namespace headway
