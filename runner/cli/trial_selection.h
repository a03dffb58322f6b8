#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "runner/cli/arguments.h"
#include "sweep/location.h"

namespace headway {

/// `TRIAL`, `TRIAL SWEEP` or `TRIAL --sweep SWEEP`: where a trial is.
void add_trial_of_sweep(const Arguments& verb, std::string& trial, std::string& sweep);

/// `TRIAL [SWEEP]`, or `--all [SWEEP]`: what a verb that acts on trials is told.
struct TrialSelection {
  std::string trial;
  std::string sweep;
  bool all = false;
};

void add_trial_selection(const Arguments& verb,
                         TrialSelection& selection,
                         const std::string& all_means);

struct SelectedTrials {
  SweepLocation sweep;
  std::vector<TrialId> trial_ids;  // in plan order
};

/// ConfigError when neither a trial nor --all was given, or there is no such trial or sweep. With
/// --all and no sweep, the one that changed last.
SelectedTrials selected_trials(const TrialSelection& selection,
                               const std::filesystem::path& results_root);

}  // namespace headway
