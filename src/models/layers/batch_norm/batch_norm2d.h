#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "models/layers/batch_norm/fused_batch_norm.h"
#include "models/parameter_set.h"

namespace headway {

/// What follows batch norm within the same call.
struct BatchNormFollowers {
  std::optional<at::Tensor> shortcut = {};  // of the same shape, added
  bool relu = false;                        // then max(0, .)
};

/// Batch normalisation over (B, H, W) with PyTorch's defaults: eps 1e-5; in training the running
/// statistics move by a tenth towards the batch's, the variance there being the unbiased one. The
/// batch is the shard that forward is given, or all shards where the parameter set has a statistics
/// exchange.
/// Parameters "<name>.weight", "<name>.bias"; buffers "<name>.running_mean", "<name>.running_var",
/// "<name>.num_batches_tracked", one copy per shard.
class BatchNorm2d {
 public:
  BatchNorm2d(ParameterSet& parameters, const std::string& name, std::int64_t channels);

  /// x [B, C, H, W] (or [B, C]) -> the same shape, in x's dtype.
  at::Tensor forward(const at::Tensor& x, bool training) const;
  /// With what follows it, for one reader or two.
  ForkedActivation forward(const at::Tensor& x,
                           const BatchNormFollowers& then,
                           bool training) const;

 private:
  const ParameterSet* parameters_;
  std::size_t weight_;
  std::size_t bias_;
  std::size_t running_mean_;
  std::size_t running_var_;
  std::size_t num_batches_tracked_;
};

}  // namespace headway
