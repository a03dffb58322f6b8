#include "runner/cli/sweep_cells.h"

#include <map>

namespace headway {

std::vector<SweepCell> sweep_cells(const Sweep& sweep) {
  std::vector<SweepCell> cells;
  std::map<std::string, std::size_t> places;
  for (const Trial& trial : sweep.trials) {
    const auto [place, is_new] = places.emplace(trial.cell_id, cells.size());
    if (is_new) {
      ConfigLeaves values = config_leaves(to_canonical_json(trial.config));
      values.erase("seed");
      cells.push_back({.cell_id = trial.cell_id, .trials = {}, .values = std::move(values)});
    }
    cells[place->second].trials.push_back(&trial);
  }
  return cells;
}

std::vector<std::string> varying_keys(const std::vector<SweepCell>& cells) {
  std::vector<ConfigLeaves> values;
  for (const SweepCell& cell : cells) values.push_back(cell.values);
  return varying_keys(values);
}

}  // namespace headway
