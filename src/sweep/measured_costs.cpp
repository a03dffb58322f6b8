#include "sweep/measured_costs.h"

#include "base/files.h"
#include "base/sweep_layout.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {

RankKind rank_kind(const ResourcesConfig& resources) {
  return {resources.device, resources.threads_per_rank};
}

// An attempt that went on from a checkpoint took a part of the time alone.
void observe_attempt(CostModel& model,
                     const TrialCost& cost,
                     const AttemptRecord& attempt,
                     const RankKind& ranks) {
  const bool is_whole = attempt.state == "done" && attempt.resumed_from_step.value_or(0) == 0;
  const bool same_device =
      ranks.device == "auto" || attempt.device.empty() || attempt.device == ranks.device;
  const bool same_threads = attempt.threads_per_rank.value_or(ranks.threads) == ranks.threads;
  if (!is_whole || !attempt.duration_s || !same_device || !same_threads) return;
  model.observe(cost, *attempt.duration_s, static_cast<int>(attempt.world_size.value_or(1)));
}

CostModel measured_costs(const SweepManifest& plan,
                         const SweepState& state,
                         const RankKind& ranks,
                         CostTable& table) {
  CostModel model;
  for (const PlannedTrial& trial : plan.trials) {
    const AttemptRecord* last = state.trial(trial.trial_id).last_attempt();
    if (last == nullptr || last->state != "done") continue;
    observe_attempt(model, table.at(trial.cell_id, [&] { return trial.config(); }), *last, ranks);
  }
  return model;
}

CostModel measured_costs(const std::filesystem::path& sweep_directory, const RankKind& ranks) {
  if (!is_there(SweepLayout(sweep_directory).trials_file())) return {};
  SweepState state(sweep_directory);
  state.refresh();
  CostTable table;
  return measured_costs(read_manifest(sweep_directory), state, ranks, table);
}

}  // namespace headway
