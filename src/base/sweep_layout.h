#pragma once

#include <filesystem>
#include <string>

namespace headway {

/// Where things are in a sweep's folder. Nothing is created by asking.
class SweepLayout {
 public:
  explicit SweepLayout(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }

  // The sweep as expanded.
  std::filesystem::path sweep_file() const { return root_ / "sweep.yaml"; }
  std::filesystem::path trials_file() const { return root_ / "trials.jsonl"; }
  /// Trials of earlier versions of the sweep that the present one lacks; lines as in trials_file.
  std::filesystem::path vanished_trials_file() const { return root_ / "trials.vanished.jsonl"; }
  /// A list of trials that could not be read, kept when it was written anew.
  std::filesystem::path damaged_trials_file() const { return root_ / "trials.damaged.jsonl"; }
  /// What the sweep says besides its trials.
  std::filesystem::path settings_file() const { return root_ / "plan.json"; }

  // What became of it.
  std::filesystem::path segments() const { return root_ / "segments"; }
  std::filesystem::path database() const { return root_ / "results.sqlite"; }

  // Who works on it.
  std::filesystem::path claims() const { return root_ / "claims"; }
  std::filesystem::path claims(const std::string& trial_id) const { return claims() / trial_id; }
  std::filesystem::path claim(const std::string& trial_id, int attempt) const {
    return claims(trial_id) / std::to_string(attempt);
  }
  std::filesystem::path heartbeat(const std::string& trial_id, int attempt) const {
    return claim(trial_id, attempt) / kHeartbeat;
  }
  std::filesystem::path supervisors() const { return root_ / "supervisors"; }
  std::filesystem::path supervisor(const std::string& id) const {
    return supervisors() / (id + ".json");
  }
  std::filesystem::path group_assignments(const std::string& supervisor_id) const {
    return supervisors() / (supervisor_id + ".offers.json");
  }

  /// Claims and supervisors of one evaluation of finished trials, laid out as the sweep's own: kept
  /// apart, so that nobody takes them for those of training.
  std::filesystem::path evaluation(const std::string& name) const {
    return root_ / "evaluations" / name;
  }

  // What trials and groups leave.
  std::filesystem::path checkpoints(const std::string& trial_id) const {
    return root_ / "checkpoints" / trial_id;
  }
  std::filesystem::path artifacts(const std::string& trial_id) const {
    return root_ / "artifacts" / trial_id;
  }
  std::filesystem::path trial_log(const std::string& trial_id) const {
    return artifacts(trial_id) / "log.txt";
  }
  std::filesystem::path weights(const std::string& trial_id) const {
    return artifacts(trial_id) / kWeights;
  }
  std::filesystem::path best_weights(const std::string& trial_id) const {
    return artifacts(trial_id) / kBestWeights;
  }
  std::filesystem::path logs() const { return root_ / "logs"; }
  /// Standard output and error of a worker group.
  std::filesystem::path group_log(const std::string& group) const {
    return logs() / (group + ".log");
  }

  // Names within a trial's artifacts.
  static constexpr const char* kWeights = "weights.safetensors";
  /// The weights of the epoch that validated best, when they are kept.
  static constexpr const char* kBestWeights = "best.safetensors";
  static constexpr const char* kClassVectors = "class_vectors.safetensors";  // as drawn
  // Names within a claim's folder.
  static constexpr const char* kHeartbeat = "heartbeat.json";
  static constexpr const char* kCancelRequest = "cancel";
  static constexpr const char* kCrashReportPrefix = "last-words-";  // + rank

 private:
  std::filesystem::path root_;
};

}  // namespace headway
