#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "config/schema/checkpoint_settings.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "training/sink.h"
#include "training/state/training_state.h"

namespace headway {

enum class TrialEnd {
  kDone,
  kDiverged,  // the loss, the state or what the finished model computes is not finite
  kStopped,   // asked to; the state is in a checkpoint
};

struct TrialResult {
  TrialEnd end = TrialEnd::kDone;
  std::string message;
  std::int64_t resumed_from_step = 0;
  std::string precision;  // what training ran in
  SplitMetrics results;   // the final value of each metric
  TrialHashes hashes;
  std::string class_vectors_sha256;
};

struct TrainerOptions {
  std::filesystem::path checkpoint_folder;
  std::filesystem::path artifact_folder;  // {weights,best,class_vectors}.safetensors
  CheckpointSettings checkpoints;
  // Whether a checkpoint of other data is dropped, and the trial begun anew, or refused.
  bool may_begin_anew = false;
  std::string device = "cpu";  // cpu, or cuda: this process's current GPU
  std::function<bool()> stop_requested = [] { return false; };  // asked on each rank at each step
  // Likewise, between batches of an evaluation, which goes on there later.
  std::function<bool()> stop_requested_in_evaluation = [] { return false; };
};

/// Trains one trial from its newest checkpoint, or from the start, to its end: all ranks of `comm`
/// together. Reports to `sink` on rank 0; a resumed trial first reports the epochs that its
/// checkpoint remembers. OtherDataError when the checkpoint is of other data. Collective.
TrialResult train_trial(const TrialConfig& config,
                        const Dataset& dataset,
                        Communicator& comm,
                        TrialSink& sink,
                        const TrainerOptions& options);

}  // namespace headway
