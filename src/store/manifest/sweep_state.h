#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "store/segments/segment_reader.h"
#include "store/segments/trial_history.h"

namespace headway {

/// The state of every trial of a sweep, folded from its segments in memory. For those who follow a
/// sweep while it runs; each refresh costs as much as there are new records.
class SweepState {
 public:
  explicit SweepState(std::filesystem::path sweep_directory);

  /// Reads what was written since the last time.
  void refresh();
  /// A trial without records is pending, with no attempts.
  const TrialHistory& trial(const TrialId& trial_id) const;
  /// Those that have records.
  const std::unordered_map<TrialId, TrialHistory>& trials() const { return trials_; }
  const std::vector<SegmentDamage>& damage() const { return reader_.damage(); }

 private:
  SegmentReader reader_;
  std::unordered_map<TrialId, TrialHistory> trials_;
};

}  // namespace headway
