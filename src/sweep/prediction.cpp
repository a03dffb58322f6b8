#include "sweep/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "base/text.h"
#include "scheduling/planning/group_planner.h"
#include "scheduling/policy/queue.h"

namespace headway {
namespace {

constexpr double kIdleWorthAHint = 0.2;

int slots_of(const ResourcesConfig& resources, int cores) {
  const auto threads = static_cast<int>(std::max<std::int64_t>(1, resources.threads_per_rank));
  return std::max(1, cores / threads);
}

std::optional<int> as_int(const std::optional<std::int64_t>& number) {
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// Ranks that would be busy with all trials running as wide as they can.
int most_busy_slots(const Sweep& sweep, const GroupLimits& limits) {
  const int share = limits.max_groups ? slots_of_a_group(limits) : limits.slots;
  const int widest = std::min(share, limits.ranks.value_or(share));
  const int most_groups = std::min(limits.max_groups.value_or(limits.slots), limits.slots);
  int busy = 0;
  for (const Trial& trial : sweep.trials) {
    if (busy < limits.slots) busy += widest_fitting(trial.config.training.shards, widest);
  }
  return std::min({busy, limits.slots, most_groups * widest});
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
    return hints;
  }
  if (prediction.idle_fraction > kIdleWorthAHint) {
    hints.push_back(
        fmt::format("the slots will be idle for {:.0f} % of the time, while the last trials run; "
                    "a larger training.shards (a power of two; makes other trials) lets these use "
                    "more ranks",
                    100 * prediction.idle_fraction));
  }
  return hints;
}

/// Plans as the supervisor will, all groups free.
void plan_makespan(const GroupLimits& limits,
                   std::vector<std::vector<double>> seconds,
                   Prediction& prediction) {
  std::stable_sort(seconds.begin(), seconds.end(), [](const auto& a, const auto& b) {
    return a.front() > b.front();
  });
  std::vector<WaitingTrial> waiting;
  waiting.reserve(seconds.size());
  for (std::vector<double>& by_width : seconds) waiting.push_back({std::move(by_width)});
  GroupLoad load{.limits = limits};
  set_waiting(load, std::move(waiting));
  const GroupPlan plan = plan_groups(load);
  prediction.makespan_seconds = plan.makespan_seconds;
  double busy = load.later_seconds;
  for (const Placement& placement : plan.placements) {
    prediction.wide_trials += placement.width > 1;
    busy += placement.width * (placement.end_seconds - placement.start_seconds);
  }
  if (plan.makespan_seconds > 0) {
    prediction.idle_fraction = 1 - busy / (plan.makespan_seconds * limits.slots);
  }
}

}  // namespace

Prediction predict(const Sweep& sweep, const CostModel& costs, int cores) {
  Prediction prediction{.cores = cores,
                        .slots = slots_of(sweep.resources, cores),
                        .is_measured = costs.is_measured()};
  const GroupLimits limits =
      group_limits(prediction.slots, as_int(sweep.resources.ranks), as_int(sweep.resources.groups));
  CostTable table;
  std::vector<std::vector<double>> seconds;
  for (const Trial& trial : sweep.trials) {
    const TrialCost& cost = table.at(trial.cell_id, [&] { return trial.config; });
    seconds.push_back(costs.seconds_by_width(cost, limits.slots));
    prediction.trial_seconds.push_back(seconds.back().front());
  }
  prediction.slot_seconds =
      std::accumulate(prediction.trial_seconds.begin(), prediction.trial_seconds.end(), 0.0);
  plan_makespan(limits, std::move(seconds), prediction);
  prediction.hints = idle_hints(sweep, prediction, most_busy_slots(sweep, limits));
  return prediction;
}

}  // namespace headway
