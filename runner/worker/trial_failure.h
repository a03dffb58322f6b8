#pragma once

#include <string>

#include "base/memory_use.h"
#include "config/schema/trial_config.h"

namespace headway {

/// How an exception that ended a trial on this rank is recorded.
struct TrialFailure {
  std::string failure;  // class
  std::string message;
  // It follows from the configuration, so it struck all ranks at the same place: the group is whole
  // and goes on. Any other leaves peers waiting in a collective call.
  bool all_ranks_alike = false;
  bool is_of_the_disk = false;  // which failed for longer than one tries
};

/// Of the exception that is being handled. `before`: this process's memory before the first step.
TrialFailure current_failure(const TrialConfig& config, int ranks, const MemoryUse& before);

}  // namespace headway
