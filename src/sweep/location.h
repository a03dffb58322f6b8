#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace headway {

/// A sweep directory that exists, as the user named it: by a sweep file (its `name` is read), by
/// the directory itself, or by the sweep's name under the results root.
struct SweepLocation {
  std::string name;
  std::filesystem::path directory;
};

/// ConfigError says what was looked for and names the nearest sweep that exists.
SweepLocation find_sweep(const std::string& argument, const std::filesystem::path& results_root);

/// find_sweep when there is an argument, else the newest sweep; ConfigError when there is none.
SweepLocation find_sweep_or_newest(const std::string& argument,
                                   const std::filesystem::path& results_root);

/// All sweeps below `results_root`, sorted by name.
std::vector<SweepLocation> all_sweeps(const std::filesystem::path& results_root);

/// The sweep of `results_root` whose plan or segments changed last.
std::optional<SweepLocation> newest_sweep(const std::filesystem::path& results_root);

/// True for what find_sweep() takes, as far as names tell.
bool names_sweep(const std::string& argument, const std::filesystem::path& results_root);

/// True for what names a sweep file rather than a sweep: it ends in .yaml or .yml.
bool names_sweep_file(const std::string& argument);

/// The one of `ids` that is, or begins with, `prefix`; `place` says in messages where they are from
/// ("in sweep 'margins'"). ConfigError, with the nearest ids, when none fits or several do.
TrialId matching_trial_id(const std::string& prefix,
                          const std::vector<TrialId>& ids,
                          const std::string& place);

/// One trial of one sweep.
struct TrialLocation {
  SweepLocation sweep;
  TrialId trial_id;
};

/// The trial whose id is, or begins with, `argument`: of the sweep named `sweep`, or when that is
/// "" of any sweep of the results root. ConfigError when no id fits or several do, or when several
/// sweeps hold the trial.
TrialLocation locate_trial(const std::string& argument,
                           const std::string& sweep,
                           const std::filesystem::path& results_root);

}  // namespace headway
