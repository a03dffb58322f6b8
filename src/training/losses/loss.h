#pragma once

#include <ATen/core/Tensor.h>

#include "training/losses/losses.h"

namespace headway {

/// What one shard's loss is computed from, all on one device; B samples, K classes, d features.
struct LossInputs {
  at::Tensor features;       // [B, d] as they meet the class vectors; bfloat16 under autocast
  at::Tensor logits;         // [B, K] float32; in training with the head's margin for these labels
  at::Tensor class_vectors;  // [K, d] float32
  at::Tensor labels;         // [B] int64
};

/// What training minimises. Sums, not means, so that shards add up; how mixup weighs two sets of
/// labels is the caller's business.
class Loss {
 public:
  virtual ~Loss() = default;

  /// [] of the logits' dtype: summed over the samples, differentiable.
  virtual at::Tensor sum(const LossInputs& inputs) const = 0;
  /// The same as evaluation records it: without what only regularises training, such as smoothed
  /// labels. Given logits without margin, and all floating tensors in double. Default: sum().
  virtual at::Tensor evaluation_sum(const LossInputs& inputs) const;
};

/// evaluation_sum() computed in double on the CPU; inputs of any floating dtype, on any device.
double evaluated_loss(const Loss& loss, const LossInputs& inputs);

}  // namespace headway
