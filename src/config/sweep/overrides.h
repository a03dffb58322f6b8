#pragma once

#include <deque>
#include <string>
#include <vector>

#include "config/sweep/axes.h"
#include "config/sweep/sweep.h"

namespace headway {

/// What one text of the command line says about the trial, for every cell.
struct TrialOverride {
  std::string key;              // dotted, its present name
  const std::string* source;    // in Overrides::sources
  std::vector<Choice> choices;  // none: the key is removed; one: set; several: an axis
};

/// The command line's changes to a sweep file, checked but not yet applied; in the order in which
/// they were given, for the last one wins.
struct Overrides {
  std::deque<std::string> sources;  // "command line: 'TEXT'"; places point here
  std::vector<TrialOverride> of_trial;

  /// Of the rest of the file (name, sweep, resources, slurm); null removes.
  std::vector<Assignment> set_elsewhere;
};

/// Whether `assignment` sets or removes `key`: by itself, within a whole section or below.
bool sets_key(const Assignment& assignment, const std::string& key);

Overrides read_overrides(const std::vector<std::string>& texts, Problems& problems);

/// Changes everything of the file but the trial. To remove what nothing sets is a problem, here and
/// below.
void apply_elsewhere(const Overrides& overrides,
                     LocatedValue& file,
                     std::vector<std::string>& notes,
                     Problems& problems);

/// Changes the base configuration, and takes overridden keys out of the axes and the list: what
/// the command line says holds for every cell. A key that an override of `sweep` sets after it was
/// set itself is a problem.
void apply_to_trial(const Overrides& overrides,
                    LocatedValue& base,
                    SweepAxes& axes,
                    std::vector<std::string>& notes,
                    Problems& problems);

/// An option that the command line sets and no trial's component has is a problem.
void check_options_are_used(const Overrides& overrides,
                            const std::vector<Trial>& trials,
                            Problems& problems);

}  // namespace headway
