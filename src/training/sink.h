#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/statistics/metric.h"

namespace headway {

/// split ("train", "validation", "test") -> metrics.
using SplitMetrics = std::map<std::string, Metrics>;

/// What an epoch ends with.
struct EpochRecord {
  std::int64_t epoch = 0;  // epochs done, from 1
  std::int64_t step = 0;   // steps done
  SplitMetrics values;
};

/// Where training is; cheap, sent after every step.
struct TrainingProgress {
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  double images_per_second = 0;
  const char* phase = "training";      // training | evaluating | saving
  std::int64_t evaluated_batches = 0;  // by this attempt
};

/// What the trainer reports to; called on rank 0 only.
class TrialSink {
 public:
  virtual ~TrialSink() = default;
  /// Once, when the model is built and a checkpoint, if any, is loaded (`step` 0 = from the start).
  virtual void started(std::int64_t resumed_from_step, const std::string& precision) = 0;
  virtual void epoch_ended(const EpochRecord& record) = 0;
  /// An epoch of an earlier attempt, known from the checkpoint; right after `started`.
  virtual void epoch_restored(const EpochRecord& record) { epoch_ended(record); }
  virtual void progress(const TrainingProgress& progress) = 0;
  /// Something that whoever reads the trial's log should know.
  virtual void remark(const std::string&) {}
};

}  // namespace headway
