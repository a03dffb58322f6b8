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
  std::string finished_at;
};

/// What a sweep's first trials have in common.
struct SharedError {
  std::string failure;
  std::string message;             // of the first one
  std::vector<TrialId> trial_ids;  // all that ended by it
};

/// How many trials in a row must end the same way before the sweep is paused.
inline constexpr std::size_t kTrialsThatPause = 3;

/// The error by which the first three trials to end have all ended: then something is wrong with
/// the sweep or the machine, not with a trial, and the others would only fail too. Texts are
/// compared without their numbers and log names. Divergence is a result, not such an error.
std::optional<SharedError> shared_first_error(std::vector<EndedTrial> ended);

}  // namespace headway
