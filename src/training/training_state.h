#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "training/checkpoint.h"
#include "training/learning_rate.h"
#include "training/sink.h"
#include "training/train_step.h"

namespace headway {

/// Where a trial stands, besides its tensors.
struct TrialPosition {
  std::int64_t epochs_done = 0;
  std::int64_t steps_in_epoch = 0;  // of the epoch that is running
  std::int64_t steps_done = 0;
  std::string precision;  // fp32 | bf16, resolved
  std::vector<EpochRecord> history;
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

/// Saves and restores everything that the rest of a trial depends on, for any number of ranks.
class TrainingState {
 public:
  TrainingState(const ParameterSet& parameters,
                TrainStep& step,
                LearningRate& rate,
                Communicator& comm)
      : parameters_(parameters), step_(step), rate_(rate), comm_(comm) {}

  /// Collective; rank 0 writes.
  void save(const CheckpointFolder& folder, const TrialPosition& position);
  /// Rank 0's newest checkpoint, if any, on all ranks. Collective.
  std::optional<TrialPosition> restore(const CheckpointFolder& folder);
  /// Over what a checkpoint would hold now. Collective; meaningful on rank 0.
  std::string state_sha256();
  /// Sums over an epoch's training batches of all shards, in tree order. Collective.
  TrainSums merged_train_sums();

 private:
  struct Tensors;
  Tensors collect();
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

/// SHA-256 over names, dtypes, shapes and bytes.
std::string hash_tensors(const std::vector<NamedTensor>& tensors);
std::string hash_metrics(const std::vector<EpochRecord>& history, const SplitMetrics& results);

}  // namespace headway
