#pragma once

#include <string>
#include <vector>

#include "config/schema/trial_config.h"

namespace headway {

/// What a validity rule has to say about a cell whose values are fine one by one.
struct Finding {
  bool refuse = false;  // else a flag: the cell runs, but the reader should know
  std::string rule;     // e.g. "cosine_scale_too_small"
  std::string key;      // the dotted key to look at
  std::string message;  // the reason, with the numbers
};

/// All rules applied to one cell. `config` must be complete (as read by SectionReader).
std::vector<Finding> check_cell(const TrialConfig& config);

}  // namespace headway
