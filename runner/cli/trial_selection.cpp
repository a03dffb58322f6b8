#include "runner/cli/trial_selection.h"

#include "base/errors.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {

void add_trial_selection(const Arguments& verb,
                         TrialSelection& selection,
                         const std::string& all_means) {
  verb.option("trial", selection.trial, "trial id or its beginning").type_name("TRIAL");
  verb.option("sweep", selection.sweep, "sweep file, or a sweep's name or folder")
      .type_name("SWEEP");
  verb.flag("--all", selection.all, all_means);
}

SelectedTrials selected_trials(const TrialSelection& selection,
                               const std::filesystem::path& results_root) {
  if (!selection.all) {
    if (selection.trial.empty()) throw ConfigError("name a trial, or say --all");
    TrialLocation trial = locate_trial(selection.trial, selection.sweep, results_root);
    return {std::move(trial.sweep), {trial.trial_id}};
  }
  if (!selection.sweep.empty()) {
    throw ConfigError(
        "--all means all trials of a sweep; name the sweep alone, or the trial alone");
  }
  // With --all the one name on the command line is the sweep's.
  SelectedTrials selected{find_sweep_or_newest(selection.trial, results_root), {}};
  for (const PlannedTrial& trial : read_manifest(selected.sweep.directory).trials) {
    selected.trial_ids.push_back(trial.trial_id);
  }
  return selected;
}

}  // namespace headway
