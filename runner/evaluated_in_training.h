#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/manifest/sweep_directory.h"
#include "training/suites/suite.h"

namespace headway {

/// The ids of those trials whose training recorded what `suite` finds.
inline std::set<std::string> evaluated_in_training(const std::string& suite,
                                                   const std::vector<PlannedTrial>& trials) {
  std::set<std::string> ids;
  std::map<std::string, bool> cells;  // a cell's trials are evaluated alike
  for (const PlannedTrial& trial : trials) {
    const auto [cell, is_new] = cells.try_emplace(trial.cell_id, false);
    if (is_new) cell->second = is_recorded_by_training(suite, trial.config().evaluation);
    if (cell->second) ids.insert(trial.trial_id);
  }
  return ids;
}

}  // namespace headway
