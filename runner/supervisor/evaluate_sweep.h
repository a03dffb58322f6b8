#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/cli/verb.h"

namespace headway {

struct EvaluateSweepOptions {
  std::string sweep;
  std::string suite;
  std::vector<std::string> trials;  // ids or their beginnings; empty: all of the plan
  std::string device = "auto";      // auto: each trial as it was trained, where possible
  std::optional<std::int64_t> groups;
  bool again = false;    // also those that are evaluated already
  bool dry_run = false;  // say what would be done
  bool json = false;
};

/// Evaluates the finished trials of a sweep here, until each has its results or has failed. Returns
/// an exit code of `headway`.
int evaluate_sweep(const EvaluateSweepOptions& options, VerbContext& context);

}  // namespace headway
