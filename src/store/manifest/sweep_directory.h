#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/sweep/sweep.h"

namespace headway {

/// Where things are in a sweep's folder. Nothing is created by asking.
class SweepDirectory {
 public:
  explicit SweepDirectory(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path sweep_file() const { return root_ / "sweep.yaml"; }
  std::filesystem::path trials_file() const { return root_ / "trials.jsonl"; }
  /// Trials of earlier versions of the sweep that the present one lacks; lines as in trials_file.
  std::filesystem::path vanished_trials_file() const { return root_ / "trials.vanished.jsonl"; }
  std::filesystem::path plan_file() const { return root_ / "plan.json"; }
  std::filesystem::path claims() const { return root_ / "claims"; }
  std::filesystem::path segments() const { return root_ / "segments"; }
  std::filesystem::path checkpoints(const std::string& trial_id) const {
    return root_ / "checkpoints" / trial_id;
  }
  std::filesystem::path artifacts(const std::string& trial_id) const {
    return root_ / "artifacts" / trial_id;
  }
  std::filesystem::path logs() const { return root_ / "logs"; }
  /// Claims and supervisors of one evaluation of finished trials, laid out as the sweep's own: kept
  /// apart, so that nobody takes them for those of training.
  std::filesystem::path evaluation(const std::string& name) const {
    return root_ / "evaluations" / name;
  }

 private:
  std::filesystem::path root_;
};

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

/// The sweep called `name` under `results_root`, or `name` itself when it is a sweep's folder.
/// ConfigError with the nearest sweep when there is none.
std::filesystem::path find_sweep_directory(const std::filesystem::path& results_root,
                                           const std::string& name);

}  // namespace headway
