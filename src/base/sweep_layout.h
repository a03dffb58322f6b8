#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/ids.h"

namespace headway {

/// A symbolic link of a sweep that leads out of it, or nowhere: whoever put it there knows why.
class StrayLinkError : public EnvironmentError {
 public:
  StrayLinkError(std::filesystem::path path, const std::string& what)
      : EnvironmentError(path.string() + ": " + what), path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Where things are in a sweep's folder. Nothing is created by asking. StrayLinkError when a
/// symbolic link on the way to a file leads out of the sweep: whoever unpacks or shares a sweep
/// must not write to, read or delete anything else by it. (The sweep's own folder may be a link.)
class SweepLayout {
 public:
  explicit SweepLayout(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }

  // The sweep as expanded.
  std::filesystem::path sweep_file() const { return within({"sweep.yaml"}); }
  /// 2, 3, ...: as it was changed later.
  std::filesystem::path sweep_file(int version) const;
  std::filesystem::path trials_file() const { return within({"trials.jsonl"}); }
  /// Trials of earlier versions of the sweep that the present one lacks; lines as in trials_file.
  std::filesystem::path vanished_trials_file() const { return within({"trials.vanished.jsonl"}); }
  /// 1, 2, ...: lists of trials that could not be read, kept when they were written anew.
  std::filesystem::path damaged_trials_file(int number) const;
  /// What the sweep says besides its trials.
  std::filesystem::path settings_file() const { return within({"plan.json"}); }
  /// Locked while the manifest is written.
  std::filesystem::path manifest_lock() const { return within({".plan.lock"}); }

  // What became of it.
  std::filesystem::path segments() const { return within({"segments"}); }
  std::filesystem::path database() const { return within({"results.sqlite"}); }

  // Who works on it.
  std::filesystem::path claims() const { return within({"claims"}); }
  std::filesystem::path claims(const TrialId& trial_id) const {
    return within({"claims", trial_id.text()});
  }
  std::filesystem::path claim(const TrialId& trial_id, int attempt) const {
    return within({"claims", trial_id.text(), std::to_string(attempt)});
  }
  std::filesystem::path heartbeat(const TrialId& trial_id, int attempt) const {
    return within({"claims", trial_id.text(), std::to_string(attempt), kHeartbeat});
  }
  std::filesystem::path supervisors() const { return within({"supervisors"}); }
  std::filesystem::path supervisor(const SupervisorId& id) const {
    return within({"supervisors", id.text() + ".json"});
  }
  /// The trials that this supervisor's run began with; lines as in trials_file. Its groups work on
  /// these, whatever becomes of the sweep's own list.
  std::filesystem::path supervisor_trials(const SupervisorId& id) const {
    return within({"supervisors", id.text() + ".trials.jsonl"});
  }
  std::filesystem::path group_assignments(const SupervisorId& supervisor) const {
    return within({"supervisors", supervisor.text() + ".offers.json"});
  }

  /// Claims, supervisors and checkpoints of one evaluation of finished trials, laid out as the
  /// sweep's own: kept apart, so that nobody takes them for those of training.
  std::filesystem::path evaluations() const { return within({"evaluations"}); }
  std::filesystem::path evaluation(const std::string& suite) const {
    return within({"evaluations", suite});
  }

  // What trials and groups leave.
  std::filesystem::path checkpoints() const { return within({"checkpoints"}); }
  std::filesystem::path checkpoints(const TrialId& trial_id) const {
    return within({"checkpoints", trial_id.text()});
  }
  std::filesystem::path artifacts(const TrialId& trial_id) const {
    return within({"artifacts", trial_id.text()});
  }
  std::filesystem::path trial_log(const TrialId& trial_id) const {
    return within({"artifacts", trial_id.text(), "log.txt"});
  }
  std::filesystem::path weights(const TrialId& trial_id) const {
    return within({"artifacts", trial_id.text(), kWeights});
  }
  std::filesystem::path best_weights(const TrialId& trial_id) const {
    return within({"artifacts", trial_id.text(), kBestWeights});
  }
  std::filesystem::path logs() const { return within({"logs"}); }
  /// Standard output and error of a worker group.
  std::filesystem::path group_log(const GroupName& group) const {
    return within({"logs", group.text() + ".log"});
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
  /// Folders within one another, and a file in the last of them at most.
  std::filesystem::path within(std::initializer_list<std::string_view> names) const;

  std::filesystem::path root_;
};

}  // namespace headway
