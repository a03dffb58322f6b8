#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/errors.h"
#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "training/sink.h"
#include "training/state/checkpoint.h"

namespace headway {

/// It verifies, but is not of this trial, or not what one holds.
class UnusableCheckpoint : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

/// Where a trial's checkpoints are, and the data that they must be of.
struct Resumption {
  std::filesystem::path checkpoint_folder;
  const DatasetConfig& dataset;
  DataIdentity data;
  bool may_begin_anew = false;  // drops checkpoints of other data, which are refused otherwise
};

/// Calls `train` with the newest checkpoint that verifies; while it throws UnusableCheckpoint,
/// again with the one before, and in the end with none. What was passed over, and why, is remarked
/// on to `sink` (rank 0). OtherDataError when the checkpoint is of other data, EnvironmentError
/// when one that is of no use cannot be removed. Collective; `train` has to throw
/// UnusableCheckpoint on all ranks or on none.
void train_from_newest(const Resumption& from,
                       Communicator& comm,
                       TrialSink& sink,
                       const std::function<void(const std::optional<LoadedCheckpoint>&)>& train);

/// What a trial goes on in, whatever a new probe would say: "fp32" or "bf16". UnusableCheckpoint
/// when it tells neither.
std::string precision_of(const LoadedCheckpoint& checkpoint);

}  // namespace headway
