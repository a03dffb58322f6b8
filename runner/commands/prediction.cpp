#include "runner/commands/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "runner/commands/text_columns.h"
#include "scheduling/queue.h"

namespace headway {
namespace {

int slots_of(const ResourcesConfig& resources, int cores) {
  const auto threads = static_cast<int>(std::max<std::int64_t>(1, resources.threads_per_rank));
  return std::max(1, cores / threads);
}

/// Ranks of the group that trains a trial: as set, else one while trials are plenty and, when there
/// are fewer trials than slots, as many as the trial's shards allow.
int group_width(const Sweep& sweep, const Trial& trial, int slots) {
  const std::int64_t shards = trial.config.training.shards;
  if (sweep.resources.ranks) {
    return widest_fitting(shards, std::min(slots, static_cast<int>(*sweep.resources.ranks)));
  }
  const int share = slots / static_cast<int>(std::max<std::size_t>(1, sweep.trials.size()));
  return widest_fitting(shards, std::max(1, share));
}

std::vector<std::string> idle_hints(const Sweep& sweep,
                                    const Prediction& prediction,
                                    int busy_slots) {
  std::vector<std::string> hints;
  const auto threads =
      static_cast<int>(std::max<std::int64_t>(1, sweep.resources.threads_per_rank));
  const int unused = prediction.cores - prediction.slots * threads;
  if (unused > 0) {
    hints.push_back(
        fmt::format("{} of {} cores stay idle: resources.threads_per_rank {} does not divide them",
                    unused,
                    prediction.cores,
                    threads));
  }
  if (busy_slots < prediction.slots) {
    hints.push_back(
        fmt::format("{} of {} slots stay idle with {}; a larger training.shards (a power of two; "
                    "makes other trials) lets one trial use more ranks, "
                    "resources.threads_per_rank gives each rank more cores",
                    prediction.slots - busy_slots,
                    prediction.slots,
                    counted(sweep.trials.size(), "trial")));
  }
  return hints;
}

}  // namespace

Prediction predict(const Sweep& sweep, const CostModel& costs, int cores) {
  Prediction prediction{.cores = cores,
                        .slots = slots_of(sweep.resources, cores),
                        .is_measured = costs.is_measured()};
  CostTable table;
  int busy_slots = 0;
  int width = prediction.slots;
  std::vector<double> group_seconds;
  for (const Trial& trial : sweep.trials) {
    const TrialCost& cost = table.at(trial.cell_id, [&] { return trial.config; });
    const int ranks = group_width(sweep, trial, prediction.slots);
    busy_slots += ranks;
    width = std::min(width, ranks);
    prediction.trial_seconds.push_back(costs.predicted_seconds(cost));
    group_seconds.push_back(costs.predicted_seconds(cost, ranks));
  }
  prediction.slot_seconds =
      std::accumulate(prediction.trial_seconds.begin(), prediction.trial_seconds.end(), 0.0);
  int groups = std::max(1, prediction.slots / std::max(1, width));
  if (sweep.resources.groups) groups = std::min(groups, static_cast<int>(*sweep.resources.groups));
  prediction.makespan_seconds = predicted_makespan_seconds(group_seconds, groups);
  prediction.hints = idle_hints(sweep, prediction, std::min(busy_slots, groups * width));
  return prediction;
}

}  // namespace headway
