#include "sweep/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/schema/rank_range.h"

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
    if (busy < limits.slots) busy += rank_range(trial.config.training).at_most(widest);
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
                   std::vector<SecondsByWidth> trials,
                   Prediction& prediction) {
  std::stable_sort(trials.begin(), trials.end(), [](const auto& a, const auto& b) {
    return a.on_fewest() > b.on_fewest();
  });
  GroupLoad load{.limits = limits};
  set_waiting(load, std::move(trials));
  const GroupPlan plan = plan_groups(load);
  prediction.makespan_seconds = plan.makespan_seconds;
  double busy = load.later_seconds;
  for (const Placement& placement : plan.placements) {
    prediction.wide_trials += placement.width > load.waiting[placement.trial].fewest_ranks;
    busy += placement.width * (placement.end_seconds - placement.start_seconds);
  }
  if (plan.makespan_seconds > 0) {
    prediction.idle_fraction = 1 - busy / (plan.makespan_seconds * limits.slots);
  }
}

}  // namespace

GroupLimits group_limits(int slots, const ResourcesConfig& resources) {
  return group_limits(slots, as_int(resources.ranks), as_int(resources.groups));
}

std::optional<std::string> lack_of_ranks(int fewest_ranks, const GroupLimits& limits) {
  const int most = limits.ranks.value_or(limits.slots);
  if (fewest_ranks <= most) return std::nullopt;
  return fmt::format(
      "training.sync_batch_norm takes one rank per shard: a trial of training.shards={0} needs {0} "
      "ranks, but {1}; set resources.ranks={0} (on CPUs ranks may share cores), or "
      "training.shards={2} (another trial)",
      fewest_ranks,
      limits.ranks ? fmt::format("resources.ranks is {}", most)
                   : "there " + std::string(most == 1 ? "is " : "are ") +
                         counted(static_cast<std::size_t>(most), "slot"),
      std::bit_floor(static_cast<unsigned>(most)));
}

Prediction predict(const Sweep& sweep, const CostModel& costs, int cores) {
  Prediction prediction{.cores = cores,
                        .slots = slots_of(sweep.resources, cores),
                        .is_measured = costs.is_measured()};
  const GroupLimits limits = group_limits(prediction.slots, sweep.resources);
  CostTable table;
  std::vector<SecondsByWidth> trials;
  int fewest_ranks = 1;
  for (const Trial& trial : sweep.trials) {
    const TrialCost& cost = table.at(trial.cell_id, [&] { return trial.config; });
    trials.push_back(costs.seconds_by_width(cost, limits.slots));
    prediction.trial_seconds.push_back(trials.back().on_fewest());
    prediction.slot_seconds += trials.back().slot_seconds();
    fewest_ranks = std::max(fewest_ranks, cost.ranks.fewest);
  }
  plan_makespan(limits, std::move(trials), prediction);
  prediction.hints = idle_hints(sweep, prediction, most_busy_slots(sweep, limits));
  if (auto lack = lack_of_ranks(fewest_ranks, limits)) prediction.hints.push_back(std::move(*lack));
  return prediction;
}

}  // namespace headway
