#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "data/batch_assembler.h"
#include "training/losses/loss.h"
#include "training/step/dropout.h"

namespace headway {

/// All that a forward and backward pass over one shard reads besides the model, on one device.
struct ShardBatch {
  at::Tensor images;  // [b, C, H, W] float32, channels_last
  Targets targets;
  at::Tensor dropout_factors;  // [b, D] float32; undefined without dropout
};

/// On `device`. From pinned memory the copies only begin: what follows on the current stream sees
/// them done.
ShardBatch moved(const ShardBatch& batch, at::Device device);
/// Into `target`'s tensors, which are of the same shapes.
void copy_into(ShardBatch& target, const ShardBatch& batch);

/// Makes the batches of a trial's training: a pure function of (order seed, epoch, sample indices).
class ShardBatcher {
 public:
  /// For passes on `device`: batches for GPUs lie in pinned memory. `images` must outlive this.
  ShardBatcher(const TrialConfig& config,
               const ImageSet& images,
               std::int64_t feature_size,
               at::Device device);

  ShardBatch operator()(std::span<const std::int32_t> samples, std::int64_t epoch) const;

 private:
  at::Tensor pinned(const at::Tensor& tensor) const;

  const ImageSet& images_;
  std::int64_t feature_size_;
  bool pins_;
  BatchAssembler assembler_;
  Dropout dropout_;
};

}  // namespace headway
