#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/cli/verb.h"

namespace headway {

struct RunOptions {
  std::string sweep;  // a sweep file, or a sweep that exists
  std::vector<std::string> overrides;
  std::optional<std::int64_t> groups;
  std::optional<std::int64_t> ranks;
  std::optional<double> time_limit_seconds;
  double hang_seconds = 900;
  bool json = false;
};

/// Plans the sweep, or extends it, and works on it here until all its trials are settled. Returns
/// an exit code of `headway`.
int run_sweep(const RunOptions& options, VerbContext& context);

}  // namespace headway
