#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "training/flat_parameters.h"
#include "training/losses/loss.h"
#include "training/model.h"
#include "training/optimizers/optimizer.h"
#include "training/step/cuda_graph_runner.h"
#include "training/step/gradient_reduction.h"
#include "training/step/precision.h"
#include "training/step/shard_batch.h"
#include "training/step/shard_buffers.h"
#include "training/step/synced_statistics.h"

namespace headway {

/// Running sums of one shard over an epoch's training batches.
struct TrainSums {
  double loss = 0;  // sum over samples, as training minimises it (margin, label smoothing)
  double top1_correct = 0;
  double top5_correct = 0;
  double samples = 0;
};
inline constexpr std::size_t kTrainSums = sizeof(TrainSums) / sizeof(double);

/// What all ranks know after a step.
struct StepOutcome {
  double mean_loss = 0;     // of the global batch; not finite = diverged
  bool stop = false;        // some rank was asked to stop
  bool checkpoint = false;  // rank 0 wants a checkpoint
};

/// One optimiser step over one global batch: this rank's shards forward and backward, one after the
/// other; gradients summed over shards in the fixed binary tree, within the rank and then over
/// ranks; one update. Collective.
class TrainStep {
 public:
  TrainStep(const TrialConfig& config,
            const ImageSet& images,
            Model& model,
            Execution execution,
            Communicator& comm);

  struct Request {
    std::span<const std::int32_t> batch;  // sample indices of the global batch
    std::int64_t epoch = 0;
    double learning_rate = 0;
    bool stop = false;
    bool checkpoint = false;
    /// That of the next step, if it is of the same epoch: made ready while a GPU is busy with this
    /// one. Need not come true.
    std::span<const std::int32_t> next_batch = {};
  };
  StepOutcome run(const Request& request);

  FlatParameters& parameters() { return parameters_; }
  Optimizer& optimizer() { return *optimizer_; }
  ShardBuffers& buffers() { return buffers_; }
  /// One entry per shard of this rank.
  std::vector<TrainSums>& sums() { return sums_; }

 private:
  /// What a pass over a shard leaves on its device.
  struct PassResults {
    at::Tensor loss;    // [], the sum over the shard's samples
    at::Tensor logits;  // [b, K], without margin
  };
  /// A pass that a GPU repeats: its tensors stay where they are.
  struct RepeatedPass {
    ShardBatch batch;
    PassResults results;
  };
  /// A shard whose pass has been started.
  struct StartedShard {
    std::int64_t local = 0;
    at::Tensor labels;  // [b] int64 on the CPU: those that accuracy counts
    PassResults results;
  };
  struct PreparedBatch {
    std::vector<std::int32_t> samples;
    std::int64_t epoch = 0;
    ShardBatch batch;
  };

  std::span<const std::int32_t> samples_of(std::int64_t local,
                                           std::span<const std::int32_t> batch) const;
  /// The batch of a shard: the one made ready, if it is that.
  ShardBatch take_batch(std::span<const std::int32_t> samples, std::int64_t epoch);
  void prepare(const Request& request);
  PassResults pass(const ShardBatch& batch, std::size_t global_batch);
  PassResults pass_on_device(std::int64_t local, const ShardBatch& batch, std::size_t global_batch);
  StartedShard start_shard(std::int64_t local, const Request& request);
  double finish_shard(const StartedShard& shard);
  /// The sum of the losses of this rank's shards.
  double train_shards(const Request& request);
  void share_statistics(std::size_t batch_size);

  const TrialConfig& config_;
  Model& model_;
  Execution execution_;
  Communicator& comm_;
  std::int64_t local_shards_;
  ShardBatcher batcher_;
  std::unique_ptr<Loss> loss_;
  FlatParameters parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  ShardBuffers buffers_;
  std::vector<TrainSums> sums_;
  GradientReduction reduction_;
  std::unique_ptr<SyncedStatistics> synced_;              // with training.sync_batch_norm
  std::unique_ptr<CudaGraphRunner> graph_runner_;         // of a process that has its GPU to itself
  std::map<std::int64_t, RepeatedPass> repeated_passes_;  // by key of graph_runner_
  std::vector<PreparedBatch> prepared_;
};

/// Where shard `shard` of `shards` begins in `count` items: contiguous parts as equal as can be.
std::size_t shard_begin(std::size_t count, std::int64_t shard, std::int64_t shards);

}  // namespace headway
