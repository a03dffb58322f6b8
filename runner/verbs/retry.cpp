#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "runner/cli/verb.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "sweep/location.h"
#include "sweep/reports.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

struct RetryOptions {
  std::string sweep;
  std::vector<std::string> trials;
  bool failed = false;
  bool all = false;
  bool json = false;
};

/// It runs until its next step.
bool is_being_cancelled(const TrialHistory& record) {
  return record.state() == TrialState::kRunning && record.cancel_requested();
}

/// Begun, interrupted, and to go on: on other data it can only begin anew.
bool waits_to_go_on(const TrialHistory& record) {
  return record.state() == TrialState::kPending && record.bound_to_data() != nullptr;
}

/// The trials that the command line means and that have failures or a cancellation to take back.
std::vector<TrialId> trials_to_retry(const RetryOptions& options,
                                     const SweepManifest& plan,
                                     const SweepState& state,
                                     std::ostream& err) {
  std::vector<TrialId> chosen;
  std::vector<TrialId> ids;
  for (const PlannedTrial& trial : plan.trials) ids.push_back(trial.trial_id);
  const std::string place = fmt::format("in sweep '{}'", plan.name);
  for (const std::string& text : options.trials) {
    const TrialId trial_id = matching_trial_id(text, ids, place);
    const TrialStatus now = trial_status(state.trial(trial_id));
    const bool is_cancelled =
        now == TrialStatus::kCancelled || is_being_cancelled(state.trial(trial_id));
    if (now == TrialStatus::kFailedForGood || is_cancelled ||
        waits_to_go_on(state.trial(trial_id))) {
      chosen.push_back(trial_id);
    } else {
      fmt::print(err,
                 "trial {} is {}: nothing to retry\n",
                 trial_id,
                 to_string(state.trial(trial_id).state()));
    }
  }
  if (!options.trials.empty()) return chosen;
  for (const PlannedTrial& trial : plan.trials) {
    const TrialStatus now = trial_status(state.trial(trial.trial_id));
    const bool is_cancelled =
        now == TrialStatus::kCancelled || is_being_cancelled(state.trial(trial.trial_id));
    const bool cancelled_too = options.all && is_cancelled;
    if (now == TrialStatus::kFailedForGood || cancelled_too) chosen.push_back(trial.trial_id);
  }
  return chosen;
}

/// Those of `chosen` that will be tried again; of the others, why not.
std::vector<TrialId> retried_trials(const SweepLocation& sweep,
                                    const std::vector<TrialId>& chosen,
                                    SweepState& state,
                                    std::ostream& err) {
  SegmentWriter writer(sweep.directory, "command");
  std::vector<TrialId> retried;
  for (const TrialId& trial_id : chosen) {
    if (retry_with_effect(writer, sweep.directory, trial_id, state)) {
      retried.push_back(trial_id);
      continue;
    }
    fmt::print(err,
               "trial {} is not tried again: {}\n",
               trial_id,
               state.trial(trial_id).state() == TrialState::kDone
                   ? "it is done by now"
                   : "someone cancels it at the same time");
  }
  return retried;
}

/// Other verbs have the trial first.
SweepLocation sweep_of(const RetryOptions& options, const std::filesystem::path& results_root) {
  try {
    return find_sweep(options.sweep, results_root);
  } catch (const ConfigError& error) {
    if (options.sweep.find_first_not_of("0123456789abcdef") != std::string::npos) throw;
    throw ConfigError(
        fmt::format("{}; a trial comes behind its sweep: headway retry SWEEP TRIAL", error.what()));
  }
}

int retry(const RetryOptions& options, VerbContext& context) {
  const SweepLocation sweep = sweep_of(options, context.results_root);
  const SweepManifest plan = read_manifest(sweep.directory);
  SweepState state(sweep.directory);
  state.refresh();
  const auto chosen = trials_to_retry(options, plan, state, context.err);
  const auto retried = retried_trials(sweep, chosen, state, context.err);
  if (options.json) {
    fmt::print(context.out,
               "{}\n",
               json_text(nlohmann::json{{"sweep", sweep.name}, {"retried", retried}}, 2));
  }
  if (chosen.empty()) {
    fmt::print(context.err, "nothing to retry in sweep '{}'\n", sweep.name);
    return kExitNothingToDo;
  }
  fmt::print(context.err,
             "{} of sweep '{}' will be tried again by the next `headway run` (or a running one)\n",
             counted(retried.size(), "trial"),
             sweep.name);
  return retried.size() == chosen.size() ? kExitDone : kExitFailed;
}

}  // namespace

template <>
void Verb<class RetryVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "retry",
       .summary = "let failed trials be tried again",
       .description =
           "Takes back the failures of the named trials, or of all failed ones: the next\n"
           "`headway run`, or one that runs now, tries them again. A cancelled trial that is "
           "named\n"
           "is wanted again, too, and an interrupted one that is named may begin anew when the "
           "data\n"
           "are no longer those that it began on. Finished trials stay as they are. Exit codes: 3\n"
           "nothing to retry, 1 a trial was done, or cancelled, in the meantime.",
       .examples = {"headway retry quickstart",
                    "headway retry sweeps/quickstart.yaml 0123456789ab",
                    "headway retry results/quickstart --all"}});
  const auto options = std::make_shared<RetryOptions>();
  verb.option("sweep,--sweep", options->sweep, "sweep file, or a sweep's name or folder")
      .type_name("SWEEP")
      .required();
  Argument trials = verb.option("trials", options->trials, "ids, or how they begin");
  trials.type_name("TRIAL");
  verb.flag("--failed", options->failed, "all failed trials (the default)").excludes(trials);
  verb.flag("--all", options->all, "all failed and all cancelled trials").excludes(trials);
  add_results_option(verb, context);
  verb.flag("--json", options->json, "print the ids as JSON");
  verb.action([options, &context] { context.exit_code = retry(*options, context); });
}

}  // namespace headway
