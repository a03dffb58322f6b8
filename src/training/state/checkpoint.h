#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/safetensors.h"

namespace headway {

/// A trial's whole state between two steps: tensors (safetensors) and a manifest (JSON).
struct LoadedCheckpoint {
  nlohmann::json manifest;
  SafetensorsFile tensors;
};

/// What was found when a trial begins or goes on.
struct RecoveredCheckpoint {
  std::optional<LoadedCheckpoint> newest;  // the newest one that verifies
  std::vector<std::string> damage;         // what is wrong with newer ones, in words
};

/// The checkpoints of one trial: step-N.safetensors with step-N.json, the last two kept. The
/// manifest holds the SHA-256 of the tensors' file and of itself, and is written last: a manifest
/// without its tensors, or with others, never passes for a checkpoint.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Whatever goes wrong on the way (DiskFullError and other EnvironmentErrors, or the process's
  /// death), earlier checkpoints still load afterwards.
  void save(std::int64_t step,
            const std::vector<NamedTensor>& tensors,
            nlohmann::json manifest) const;
  /// Loads the newest one that verifies, and removes what is of no use any more: damaged ones, what
  /// stands in the place of a file and is none, and what a process that died left half written. For
  /// the trial's owner, before it saves.
  RecoveredCheckpoint recover() const;
  /// What recover() would find to be damaged, in words. Changes nothing, and looks at all of them.
  std::vector<std::string> damage() const;
  /// ConfigError or EnvironmentError says which file is unusable and why.
  LoadedCheckpoint load(std::int64_t step) const;
  /// Removes one that loads and turns out to be of no use, so that recover() finds the one before.
  void discard(std::int64_t step) const { remove(step); }
  /// Removes all: the trial is done.
  void clear() const;

 private:
  std::vector<std::int64_t> steps() const;  // newest first
  void remove(std::int64_t step) const;
  void remove_what_is_no_file(std::int64_t step) const;
  void replace(std::int64_t step,
               const std::vector<NamedTensor>& tensors,
               nlohmann::json manifest) const;

  std::filesystem::path folder_;
};

}  // namespace headway
