#pragma once

#include "config/sweep/axes.h"
#include "config/sweep/sweep.h"

namespace headway {

/// Multiplies out the axes over `base`, checks every cell, and fills in the sweep's trials, flags
/// and notes. `file` is the place of problems that no single value causes.
void expand(const LocatedValue& base,
            const SweepAxes& axes,
            const Place& file,
            Sweep& sweep,
            Problems& problems);

}  // namespace headway
