#include "runner/cli/trial_selection.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/text.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {
namespace {

/// Who names a sweep alone means all of its trials.
TrialLocation selected_trial(const TrialSelection& selection,
                             const std::filesystem::path& results_root) {
  try {
    return locate_trial(selection.trial, selection.sweep, results_root);
  } catch (const ConfigError& error) {
    if (!selection.sweep.empty() || !names_sweep(selection.trial, results_root)) throw;
    throw ConfigError(fmt::format("{0}; it is a sweep: --all {1} means all of its trials",
                                  error.what(),
                                  printable(selection.trial)));
  }
}

}  // namespace

void add_trial_of_sweep(const Arguments& verb, std::string& trial, std::string& sweep) {
  verb.option("trial", trial, "trial id or its beginning").type_name("TRIAL").required();
  verb.option("sweep,--sweep", sweep, "look in this sweep only: its file, name or folder")
      .type_name("SWEEP");
}

void add_trial_selection(const Arguments& verb,
                         TrialSelection& selection,
                         const std::string& all_means) {
  verb.option("trial", selection.trial, "trial id or its beginning").type_name("TRIAL");
  verb.option("sweep,--sweep", selection.sweep, "sweep file, or a sweep's name or folder")
      .type_name("SWEEP");
  verb.flag("--all", selection.all, all_means);
}

SelectedTrials selected_trials(const TrialSelection& selection,
                               const std::filesystem::path& results_root) {
  if (!selection.all) {
    if (selection.trial.empty()) throw ConfigError("name a trial, or say --all");
    TrialLocation trial = selected_trial(selection, results_root);
    return {std::move(trial.sweep), {trial.trial_id}};
  }
  if (!selection.sweep.empty() && !selection.trial.empty()) {
    throw ConfigError(
        "--all means all trials of a sweep; name the sweep alone, or the trial alone");
  }
  // With --all the one name on the command line is the sweep's.
  const std::string& sweep = selection.sweep.empty() ? selection.trial : selection.sweep;
  SelectedTrials selected{find_sweep_or_newest(sweep, results_root), {}};
  for (const PlannedTrial& trial : read_manifest(selected.sweep.directory).trials) {
    selected.trial_ids.push_back(trial.trial_id);
  }
  return selected;
}

}  // namespace headway
