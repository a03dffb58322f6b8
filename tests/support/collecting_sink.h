#pragma once

#include <vector>

#include "training/sink.h"

namespace headway {

/// Keeps what the trainer reports.
class CollectingSink final : public TrialSink {
 public:
  void started(std::int64_t step, const std::string&) override { resumed_from = step; }
  void epoch_ended(const EpochRecord& record) override { epochs.push_back(record); }
  void progress(const TrainingProgress& progress) override { last = progress; }

  void remark(const std::string& text) override { remarks.push_back(text); }

  std::int64_t resumed_from = -1;
  std::vector<EpochRecord> epochs;
  TrainingProgress last;
  std::vector<std::string> remarks;
};

}  // namespace headway
