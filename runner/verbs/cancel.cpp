#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "sweep/reports.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

struct CancelOptions {
  TrialSelection selection;
  bool json = false;
};

/// Those of the selected trials that are not settled; of a trial that was named, why it is not one.
std::vector<TrialId> trials_to_cancel(const CancelOptions& options,
                                      const SelectedTrials& selected,
                                      const SweepState& state,
                                      std::ostream& err) {
  std::vector<TrialId> chosen;
  for (const TrialId& trial_id : selected.trial_ids) {
    const TrialHistory& record = state.trial(trial_id);
    if (trial_status(record) == TrialStatus::kOpen) {
      chosen.push_back(trial_id);
    } else if (!options.selection.all) {
      fmt::print(err, "trial {} is {}: nothing to cancel\n", trial_id, to_string(record.state()));
    }
  }
  return chosen;
}

/// The wish is recorded first: a group that claims the trial in between reads it.
bool cancel(const SweepLocation& sweep, const TrialId& trial_id, SegmentWriter& writer) {
  request_cancel(writer, trial_id);
  SweepState state(sweep.directory);
  state.refresh();
  const auto claim = unended_claim(sweep.directory, trial_id, state.trial(trial_id));
  if (claim) ask_to_cancel(sweep.directory, trial_id, claim->attempt);
  return claim.has_value();
}

int run(const CancelOptions& options, VerbContext& context) {
  const SelectedTrials selected = selected_trials(options.selection, context.results_root);
  SweepState state(selected.sweep.directory);
  state.refresh();
  const auto chosen = trials_to_cancel(options, selected, state, context.err);
  SegmentWriter writer(selected.sweep.directory, "command");
  std::vector<TrialId> running;
  for (const TrialId& trial_id : chosen) {
    if (cancel(selected.sweep, trial_id, writer)) running.push_back(trial_id);
  }
  if (options.json) {
    const nlohmann::json json{
        {"sweep", selected.sweep.name}, {"cancelled", chosen}, {"running", running}};
    fmt::print(context.out, "{}\n", json.dump(2));
  }
  if (chosen.empty()) {
    fmt::print(context.err, "nothing to cancel in sweep '{}'\n", selected.sweep.name);
    return kExitNothingToDo;
  }
  fmt::print(context.err,
             "{} of sweep '{}' cancelled{}; `headway retry` takes it back\n",
             counted(chosen.size(), "trial"),
             selected.sweep.name,
             running.empty() ? "" : fmt::format(", {} of them at the next step", running.size()));
  return kExitDone;
}

}  // namespace

template <>
void Verb<class CancelVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "cancel",
       .summary = "do not train a trial, or stop it, and go on with the others",
       .description =
           "A pending trial is never started. A running one writes a checkpoint at its next step "
           "and\n"
           "is recorded as cancelled; its group goes on with the next trial. `headway retry SWEEP "
           "TRIAL`\n"
           "takes a cancellation back: the trial goes on from that checkpoint. Exit code 3: "
           "nothing "
           "to\n"
           "cancel.",
       .examples = {"headway cancel 3f2a",
                    "headway cancel 3f2a quickstart",
                    "headway cancel --all quickstart"}});
  const auto options = std::make_shared<CancelOptions>();
  add_trial_selection(verb, options->selection, "all trials of the sweep that are not settled");
  add_results_option(verb, context);
  verb.flag("--json", options->json, "print the ids as JSON");
  verb.action([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace headway
