#include "store/manifest/sweep_state.h"

namespace headway {

SweepState::SweepState(std::filesystem::path sweep_directory)
    : reader_(std::move(sweep_directory)) {}

void SweepState::refresh() {
  reader_.poll([this](const SegmentRecord& record) {
    if (const auto trial_id = record.trial_id()) trials_[*trial_id].fold(record);
  });
}

const TrialHistory& SweepState::trial(const TrialId& trial_id) const {
  static const TrialHistory kNoRecords;
  const auto found = trials_.find(trial_id);
  return found == trials_.end() ? kNoRecords : found->second;
}

}  // namespace headway
