#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/sweep/axes.h"

namespace headway {

/// Two axes that set the same key: a problem, since one would undo the other.
void check_axis_conflicts(const SweepAxes& axes, Problems& problems);

/// `seed` set in the base configuration, on an axis or in sweep.list beside sweep.seeds, which
/// would undo it: a problem, with what to write instead; where the command line gives sweep.seeds
/// alone, a note.
void check_seed_is_set_once(const LocatedValue& base,
                            const SweepAxes& axes,
                            std::vector<std::string>& notes,
                            Problems& problems);

/// Number of cells before exclusion, and 0 when there are none.
double cell_count(const SweepAxes& axes);

/// Calls `visit_cell` with everything that each cell sets, in file order, the last axis fastest.
void for_each_cell(const SweepAxes& axes,
                   const std::function<void(const std::vector<const Choice*>&)>& visit_cell);

/// Sets the choices' keys in a copy of `base`. Where one changes a component's name, options of the
/// base section that the new component does not have are dropped; each such drop is added to
/// `notes`.
LocatedValue apply_choices(const LocatedValue& base,
                           const std::vector<const Choice*>& choices,
                           std::vector<std::string>& notes);

/// When the component at `name_key` ("head.name") becomes one of `names`: takes out of `choice` the
/// options of that section that one of them does not have.
void drop_options_lacked_by(const std::string& name_key,
                            const std::vector<std::string>& names,
                            Choice& choice);

/// "head.name: dot, optimizer.learning_rate: 0.1".
std::string describe(const std::vector<const Choice*>& choices);

}  // namespace headway
