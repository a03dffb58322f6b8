#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/safetensors.h"

namespace headway {

/// A trial's whole state between two steps: tensors (safetensors) and a manifest (JSON).
struct LoadedCheckpoint {
  nlohmann::json manifest;
  SafetensorsFile tensors;
};

/// The checkpoints of one trial: step-N.safetensors with step-N.json, the last two kept. The
/// manifest holds the SHA-256 of the tensors' file and is written after it, so a manifest without
/// its tensors, or with others, never passes for a checkpoint.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void save(std::int64_t step,
            const std::vector<NamedTensor>& tensors,
            nlohmann::json manifest) const;
  /// The newest one that verifies; damaged ones are reported as warnings and passed over.
  std::optional<LoadedCheckpoint> load_newest() const;
  /// Removes all: the trial is done.
  void clear() const;

 private:
  std::vector<std::int64_t> steps() const;  // newest first
  std::optional<LoadedCheckpoint> load(std::int64_t step) const;

  std::filesystem::path folder_;
};

}  // namespace headway
