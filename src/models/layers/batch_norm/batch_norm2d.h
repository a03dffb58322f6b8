#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "models/layers/batch_norm/fused_batch_norm.h"
#include "models/parameter_set.h"

namespace headway {

/// Batch normalisation over (B, H, W) with PyTorch's defaults: eps 1e-5; in training the running
/// statistics move by a tenth towards the batch's, the variance there being the unbiased one. The
/// batch is the shard that forward is given, or all shards where the parameter set has a statistics
/// exchange.
/// Parameters "<name>.weight", "<name>.bias"; buffers "<name>.running_mean", "<name>.running_var",
/// "<name>.num_batches_tracked", one copy per shard.
class BatchNorm2d {
 public:
  BatchNorm2d(ParameterSet& parameters, const std::string& name, std::int64_t channels);

  /// x [B, C, H, W] -> the same shape, in x's dtype.
  at::Tensor forward(const at::Tensor& x, bool training) const;
  /// max(0, forward(x)).
  at::Tensor forward_relu(const at::Tensor& x, bool training) const;
  /// max(0, forward(x) + shortcut), shortcut [B, C, H, W]: the end of a residual block.
  at::Tensor forward_add_relu(const at::Tensor& x, const at::Tensor& shortcut, bool training) const;
  // The same for two readers.
  ForkedActivation fork_relu(const at::Tensor& x, bool training) const;
  ForkedActivation fork_add_relu(const at::Tensor& x,
                                 const at::Tensor& shortcut,
                                 bool training) const;

 private:
  ForkedActivation normalise(const at::Tensor& x,
                             const std::optional<at::Tensor>& shortcut,
                             bool training,
                             bool relu) const;

  const ParameterSet* parameters_;
  std::size_t weight_;
  std::size_t bias_;
  std::size_t running_mean_;
  std::size_t running_var_;
  std::size_t num_batches_tracked_;
};

}  // namespace headway
