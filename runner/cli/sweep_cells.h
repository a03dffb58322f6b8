#pragma once

#include <string>
#include <vector>

#include "config/schema/leaves.h"
#include "config/sweep/sweep.h"

namespace headway {

/// The trials of one cell, in plan order.
struct SweepCell {
  std::string cell_id;
  std::vector<const Trial*> trials;  // of the sweep it was made from
  ConfigLeaves values;               // without the seeds
};

/// The sweep's cells, in the order in which they first appear.
std::vector<SweepCell> sweep_cells(const Sweep& sweep);

/// Keys in which the cells differ.
std::vector<std::string> varying_keys(const std::vector<SweepCell>& cells);

}  // namespace headway
