#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "training/schedules/learning_rate.h"
#include "training/sink.h"
#include "training/state/checkpoint.h"
#include "training/state/evaluation_progress.h"
#include "training/step/train_step.h"

namespace headway {

/// Where a trial stands, besides its tensors.
struct TrialPosition {
  std::int64_t epochs_done = 0;
  std::int64_t steps_in_epoch = 0;  // of the epoch that is running
  std::int64_t steps_done = 0;
  std::string precision;  // fp32 | bf16, resolved
  std::vector<EpochRecord> history;
  std::string data_sha256 = {};        // of the data it is trained on
  EvaluationProgress evaluation = {};  // the one that is running
};

/// Parameters and buffers in PyTorch's names and layout, for the weights file and its hash. The
/// model must have its mean buffers selected.
class StateDict {
 public:
  explicit StateDict(const ParameterSet& parameters);
  const std::vector<NamedTensor>& tensors() const { return tensors_; }

 private:
  std::vector<at::Tensor> kept_;  // contiguous copies that the spans look into
  std::vector<NamedTensor> tensors_;
};

struct TrialHashes {
  std::string weights;  // final parameters and mean buffers
  std::string state;    // parameters, every shard's buffers, optimiser state
  std::string metrics;  // every recorded metric except timings
};

/// A trial's state at one step, copied out so that training can go on while it is written. Its
/// memory serves again for the next copy.
struct StateImage {
  nlohmann::json manifest;
  at::Tensor values;  // [n] as in FlatParameters, in host memory
  std::vector<std::pair<std::string, at::Tensor>> optimizer;  // [n] each
  std::vector<std::pair<std::string, at::Tensor>> counters;   // the optimiser's scalars
  std::vector<std::pair<std::string, at::Tensor>> buffers;    // means over shards
  std::vector<std::byte> shard_buffers;
  std::vector<TrainSums> sums;
  EvaluationProgress evaluation;
};

/// What an image holds, as tensors of a file. The bytes are the image's.
struct StateTensors {
  std::vector<NamedTensor> parameters;  // in PyTorch's names and layout
  std::vector<NamedTensor> buffers;     // likewise; means over shards
  std::vector<NamedTensor> others;      // the optimiser's, every shard's buffers, running sums
  std::vector<NamedTensor> evaluation;  // sums of a running one

  /// What PyTorch's load_state_dict takes.
  std::vector<NamedTensor> weights() const;
  /// All that training depends on from here.
  std::vector<NamedTensor> state() const;
  /// The weights, the rest of the state and the running evaluation.
  std::vector<NamedTensor> all() const;
};

/// The newest checkpoint that rank 0 can use, on all ranks, and what it found damaged (rank 0
/// only). Collective.
RecoveredCheckpoint recover_on_all_ranks(const CheckpointFolder& folder, Communicator& comm);

/// Of the data that the trial was trained on so far; "" in checkpoints of version 0.1.0.
std::string data_sha256_of(const LoadedCheckpoint& checkpoint);

/// Copies out and restores everything that the rest of a trial depends on, for any number of ranks.
class TrainingState {
 public:
  TrainingState(const ParameterSet& parameters,
                TrainStep& step,
                LearningRate& rate,
                Communicator& comm)
      : parameters_(parameters), step_(step), rate_(rate), comm_(comm) {}

  /// Fills `image` on rank 0. Collective.
  void capture(StateImage& image, const TrialPosition& position);
  /// Once for each capture, on any thread, while training goes on.
  StateTensors lay_out(StateImage& image) const;
  /// Goes back, or on, to `checkpoint`.
  TrialPosition restore(const LoadedCheckpoint& checkpoint);
  /// Over what a checkpoint would hold now. Collective; meaningful on rank 0.
  std::string state_sha256();
  /// What of it is infinite or NaN, in words, nothing when all is finite: parameters, the buffers'
  /// means over shards, the optimiser's state. Collective; all ranks agree on whether there is any.
  std::optional<std::string> not_finite();
  /// Sums over an epoch's training batches of all shards, in tree order. Collective.
  TrainSums merged_train_sums();

 private:
  nlohmann::json manifest_of(const TrialPosition& position);
  void apply(const SafetensorsFile& file);

  const ParameterSet& parameters_;
  TrainStep& step_;
  LearningRate& rate_;
  Communicator& comm_;
};

nlohmann::json to_json(const EpochRecord& record);
EpochRecord epoch_record_from_json(const nlohmann::json& json);
/// {split: {name: number | null}}; null stands for a missing value.
nlohmann::json to_json(const SplitMetrics& metrics);

std::string hash_metrics(const std::vector<EpochRecord>& history, const SplitMetrics& results);

}  // namespace headway
