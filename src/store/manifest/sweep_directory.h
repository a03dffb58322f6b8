#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/sweep_layout.h"
#include "config/sweep/sweep.h"

namespace headway {

using SweepDirectory = SweepLayout;

/// What a changed sweep file meant for the sweep.
struct PlanChange {
  std::vector<std::string> added;     // trial ids
  std::vector<std::string> vanished;  // stay in the store, leave the tables
  std::int64_t unchanged = 0;
  bool is_new = false;  // the sweep did not exist before
};

/// Writes the plan into `directory` (created as needed), or extends the one there. Safe when two
/// processes do it at once. A changed sweep file is kept beside the first as sweep.2.yaml, ...
PlanChange write_plan(const std::filesystem::path& directory, const Sweep& sweep);

/// A trial of the plan, its configuration still text: reading 10,000 of them takes milliseconds.
struct PlannedTrial {
  std::string trial_id;
  std::string cell_id;
  std::int64_t seed = 0;
  std::string config_text;  // canonical JSON

  TrialConfig config() const;
};

struct Plan {
  std::string name;
  std::string description;
  ResourcesConfig resources;
  SlurmConfig slurm;
  std::vector<CellFlag> flags;
  std::vector<std::string> notes;
  std::vector<PlannedTrial> trials;  // in plan order
};

/// ConfigError when `directory` holds no sweep, StoreError when its plan is damaged.
Plan read_plan(const std::filesystem::path& directory);
/// The trials that the present plan lacks, of earlier versions.
std::vector<PlannedTrial> read_vanished_trials(const std::filesystem::path& directory);

}  // namespace headway
