#include "store/manifest/sweep_state.h"

namespace headway {

SweepState::SweepState(std::filesystem::path sweep_directory)
    : reader_(std::move(sweep_directory)) {}

void SweepState::refresh() {
  reader_.poll([this](const SegmentRecord& record) {
    const auto trial_id = record.json.find("trial_id");
    if (trial_id != record.json.end()) trials_[trial_id->get<std::string>()].fold(record);
  });
}

const TrialHistory& SweepState::trial(const std::string& trial_id) const {
  static const TrialHistory kNoRecords;
  const auto found = trials_.find(trial_id);
  return found == trials_.end() ? kNoRecords : found->second;
}

}  // namespace headway
