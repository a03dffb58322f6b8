#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/sweep/sweep.h"
#include "scheduling/planning/cost_model.h"

namespace headway {

/// How long a sweep will take on the slots of this machine, and how well it fills them.
struct Prediction {
  int cores = 1;                           // that this process may use
  int slots = 1;                           // ranks that fit side by side
  std::vector<double> trial_seconds = {};  // on one slot, in plan order
  double slot_seconds = 0;                 // their sum
  double makespan_seconds = 0;             // by the planner that `run` follows
  std::int64_t wide_trials = 0;            // that it gives more than one rank
  double idle_fraction = 0;                // of the slots' time until then
  bool is_measured = false;  // rests on finished trials, else on a guess of the machine's speed
  std::vector<std::string> hints = {};  // about cores that would stay idle
};

Prediction predict(const Sweep& sweep, const CostModel& costs, int cores);

}  // namespace headway
