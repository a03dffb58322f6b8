#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {

/// The trials that a supervisor serves, as its groups find them: a run and all its groups work on
/// one and the same list, also when another run replaces the sweep's own meanwhile. Goes with this
/// object.
class SupervisorTrials {
 public:
  /// `root`: the sweep's folder or an evaluation's.
  SupervisorTrials(const std::filesystem::path& root, const SupervisorId& supervisor);
  SupervisorTrials(const SupervisorTrials&) = delete;
  SupervisorTrials& operator=(const SupervisorTrials&) = delete;
  ~SupervisorTrials();

  /// DiskFullError or EnvironmentError when it cannot be written.
  void publish(const std::vector<PlannedTrial>& trials) const;

 private:
  std::filesystem::path file_;
};

/// What `supervisor` serves; nothing when it left no list that can be read.
std::optional<std::vector<PlannedTrial>> trials_of_supervisor(const std::filesystem::path& root,
                                                              const SupervisorId& supervisor);

}  // namespace headway
