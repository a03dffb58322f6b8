#include "runner/commands/measured_costs.h"

namespace headway {
namespace {

/// The attempt that tells how long the trial takes; nullptr when none does. One that went on from a
/// checkpoint took a part of the time alone.
const AttemptRecord* whole_attempt(const SweepState& state, const std::string& trial_id) {
  const AttemptRecord* last = state.trial(trial_id).last_attempt();
  if (last == nullptr || last->state != "done" || !last->duration_s) return nullptr;
  return last->resumed_from_step.value_or(0) == 0 ? last : nullptr;
}

}  // namespace

CostModel measured_costs(const Plan& plan, const SweepState& state, CostTable& table) {
  CostModel costs;
  for (const PlannedTrial& trial : plan.trials) {
    const AttemptRecord* attempt = whole_attempt(state, trial.trial_id);
    if (attempt == nullptr) continue;
    const TrialCost& cost = table.at(trial.cell_id, [&] { return trial.config(); });
    costs.observe(cost, *attempt->duration_s, static_cast<int>(attempt->world_size.value_or(1)));
  }
  return costs;
}

CostModel measured_costs(const std::filesystem::path& sweep_directory) {
  if (!std::filesystem::exists(SweepDirectory(sweep_directory).trials_file())) return CostModel();
  SweepState state(sweep_directory);
  state.refresh();
  CostTable table;
  return measured_costs(read_plan(sweep_directory), state, table);
}

}  // namespace headway
