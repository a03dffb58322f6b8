#pragma once

#include <filesystem>
#include <string>

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
  /// What the sweep says besides its trials.
  std::filesystem::path settings_file() const { return root_ / "plan.json"; }
  std::filesystem::path claims() const { return root_ / "claims"; }
  std::filesystem::path segments() const { return root_ / "segments"; }
  std::filesystem::path checkpoints(const std::string& trial_id) const {
    return root_ / "checkpoints" / trial_id;
  }
  std::filesystem::path artifacts(const std::string& trial_id) const {
    return root_ / "artifacts" / trial_id;
  }
  std::filesystem::path logs() const { return root_ / "logs"; }

 private:
  std::filesystem::path root_;
};

}  // namespace headway
