#pragma once

#include <deque>
#include <string>
#include <vector>

#include "config/sweep/axes.h"

namespace headway {

/// The command line's changes to a sweep file, checked but not yet applied.
struct Overrides {
  std::deque<std::string> sources;   // "command line: 'TEXT'"; places point here
  std::vector<Assignment> set;       // single values, of the trial
  std::vector<Axis> axes;            // comma lists, of the trial
  std::vector<std::string> removed;  // "~KEY", of the trial

  /// Of the rest of the file (name, sweep, resources, slurm); null removes.
  std::vector<Assignment> set_elsewhere;
};

Overrides read_overrides(const std::vector<std::string>& texts, Problems& problems);

/// Changes everything of the file but the trial.
void apply_elsewhere(const Overrides& overrides, LocatedValue& file);

/// Changes the base configuration, and takes overridden keys out of the axes and the list: what
/// the command line says holds for every cell.
void apply_to_trial(const Overrides& overrides,
                    LocatedValue& base,
                    SweepAxes& axes,
                    std::vector<std::string>& notes);

}  // namespace headway
