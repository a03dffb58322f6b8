#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/sweep/sweep.h"

namespace headway {

/// A trial of the manifest, its configuration still text: reading 10,000 of them takes
/// milliseconds.
struct PlannedTrial {
  TrialId trial_id;
  CellId cell_id;
  std::int64_t seed = 0;
  std::string config_text;  // canonical JSON

  /// StoreError when the ids are not those of `config_text`: someone edited it. Whoever uses a
  /// trial's configuration in any way asks here.
  TrialConfig config() const;
};

/// A sweep file as expanded, on disk: trials.jsonl, and plan.json for what it says besides.
struct SweepManifest {
  SweepName name;
  std::string description;
  ResourcesConfig resources;
  SlurmConfig slurm;
  std::vector<CellFlag> flags;
  std::vector<std::string> notes;
  std::vector<PlannedTrial> trials;  // in the sweep's order
};

/// ConfigError when `directory` holds no sweep, StoreError when its manifest is damaged.
SweepManifest read_manifest(const std::filesystem::path& directory);
/// Likewise, but for its trials.
SweepManifest read_sweep_settings(const std::filesystem::path& directory);
/// Its name alone, without reading the trials. Errors likewise.
SweepName read_sweep_name(const std::filesystem::path& directory);
/// Each dataset.root that the sweep file, as it was planned last, gives: those of finished trials
/// may be older. None in a manifest of version 0.1.0.
std::vector<std::string> read_data_roots(const std::filesystem::path& directory);
/// The trials that the present manifest lacks, of earlier versions.
std::vector<PlannedTrial> read_vanished_trials(const std::filesystem::path& directory);

/// What write_manifest writes of `sweep`.
SweepManifest manifest_of(const Sweep& sweep);

/// What a changed sweep file meant for the sweep.
struct ManifestChange {
  std::vector<TrialId> added;
  std::vector<TrialId> vanished;  // stay in the store, leave the tables
  std::int64_t unchanged = 0;
  bool is_new = false;  // the sweep did not exist before
};

/// Writes the manifest into `directory` (created as needed), or extends the one there. Safe when
/// two processes do it at once. The recorded configuration of a trial that is done stays. A changed
/// sweep file is kept beside the first as sweep.2.yaml, ...
ManifestChange write_manifest(const std::filesystem::path& directory, const Sweep& sweep);

}  // namespace headway
