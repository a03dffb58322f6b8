#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
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

/// The wish is recorded first: a group that claims the trial in between reads it. True when one
/// works on it.
bool stop(const SweepLocation& sweep, const TrialId& trial_id, const SweepState& state) {
  const auto claim = unended_claim(sweep.directory, trial_id, state.trial(trial_id));
  if (claim) ask_to_cancel(sweep.directory, trial_id, claim->attempt);
  return claim.has_value();
}

struct Cancelled {
  std::vector<TrialId> trials;
  std::vector<TrialId> running;  // of these: stop at the next step
  std::vector<TrialId> overruled;
};

Cancelled cancel(const SweepLocation& sweep,
                 const std::vector<TrialId>& chosen,
                 SweepState& state,
                 std::ostream& err) {
  SegmentWriter writer(sweep.directory, "command");
  Cancelled result;
  for (const TrialId& trial_id : chosen) {
    if (!cancel_with_effect(writer, trial_id, state)) {
      result.overruled.push_back(trial_id);
      fmt::print(err,
                 "trial {} is not cancelled: {}\n",
                 trial_id,
                 state.trial(trial_id).state() == TrialState::kDone
                     ? "it is done by now"
                     : "someone asks for a retry at the same time");
      continue;
    }
    result.trials.push_back(trial_id);
    if (stop(sweep, trial_id, state)) result.running.push_back(trial_id);
  }
  return result;
}

std::string command_to_take_back(const CancelOptions& options, const SelectedTrials& selected) {
  const std::string retry = "headway retry " + printable(selected.sweep.directory.string());
  if (!options.selection.all) {
    return fmt::format("`{} {}` takes it back", retry, selected.trial_ids.front());
  }
  return fmt::format("`{} --all` takes it back, and tries what failed anew, too", retry);
}

int run(const CancelOptions& options, VerbContext& context) {
  const SelectedTrials selected = selected_trials(options.selection, context.results_root);
  SweepState state(selected.sweep.directory);
  state.refresh();
  const auto chosen = trials_to_cancel(options, selected, state, context.err);
  const Cancelled cancelled = cancel(selected.sweep, chosen, state, context.err);
  if (options.json) {
    const nlohmann::json json{{"sweep", selected.sweep.name},
                              {"cancelled", cancelled.trials},
                              {"running", cancelled.running}};
    fmt::print(context.out, "{}\n", json_text(json, 2));
  }
  if (chosen.empty()) {
    fmt::print(context.err, "nothing to cancel in sweep '{}'\n", selected.sweep.name);
    return kExitNothingToDo;
  }
  const std::size_t running = cancelled.running.size();
  fmt::print(context.err,
             "{} of sweep '{}' cancelled{}; {}\n",
             counted(cancelled.trials.size(), "trial"),
             selected.sweep.name,
             running == 0 ? "" : fmt::format(", {} of them at the next step", running),
             command_to_take_back(options, selected));
  return cancelled.overruled.empty() ? kExitDone : kExitFailed;
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
           "TRIAL`,\n"
           "or `headway retry SWEEP --all`, takes cancellations back: trials go on from their\n"
           "checkpoints. Exit codes: 3 nothing to cancel, 1 a trial was done, or wanted again, in "
           "the\n"
           "meantime.",
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
