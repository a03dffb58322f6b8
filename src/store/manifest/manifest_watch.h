#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>

#include "base/ids.h"

namespace headway {

/// Tells a run, which works on the trials that it began with, which of them the sweep still has:
/// another run may replace the sweep's list of trials at any time.
class ManifestWatch {
 public:
  explicit ManifestWatch(std::filesystem::path sweep_directory);

  /// Reads the list when it was replaced since the last time. One that cannot be read counts as not
  /// replaced: whoever writes it anew is told what is wrong with it.
  void refresh();
  /// As of the last refresh; of a list that was never read, every trial.
  bool has(const TrialId& trial_id) const { return !was_read_ || ids_.contains(trial_id); }

 private:
  std::filesystem::path file_;
  std::string version_;  // of the file: changes with every replacement
  bool was_read_ = false;
  std::unordered_set<TrialId> ids_;
};

}  // namespace headway
