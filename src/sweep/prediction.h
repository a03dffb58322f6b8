#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/sweep/sweep.h"
#include "scheduling/planning/cost_model.h"
#include "scheduling/planning/group_planner.h"

namespace headway {

/// How long a sweep will take on the slots of this machine, and how well it fills them.
struct Prediction {
  int cores = 1;                           // that this process may use
  int slots = 1;                           // ranks that fit side by side
  std::vector<double> trial_seconds = {};  // on its fewest ranks, in plan order
  double slot_seconds = 0;                 // the same, times these ranks, of all trials
  double makespan_seconds = 0;             // by the planner that `run` follows
  std::int64_t wide_trials = 0;            // that it gives more ranks than they need
  double idle_fraction = 0;                // of the slots' time until then
  bool is_measured = false;  // rests on finished trials, else on a guess of the machine's speed
  std::vector<std::string> hints = {};  // about cores that would stay idle, or are too few
};

Prediction predict(const Sweep& sweep, const CostModel& costs, int cores);

/// What `slots` offer to groups of the sizes that `resources` ask for.
GroupLimits group_limits(int slots, const ResourcesConfig& resources);

/// Why a trial that needs at least `fewest_ranks` cannot run within `limits`, and what to do;
/// nothing when it can.
std::optional<std::string> lack_of_ranks(int fewest_ranks, const GroupLimits& limits);

}  // namespace headway
