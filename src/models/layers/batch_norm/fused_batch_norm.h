#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "models/layers/batch_norm/statistics_exchange.h"

namespace headway {

inline constexpr double kBatchNormEpsilon = 1e-5;
inline constexpr double kBatchNormMomentum = 0.1;

struct BatchNormTensors {
  at::Tensor weight;        // [C]
  at::Tensor bias;          // [C]
  at::Tensor running_mean;  // [C]
  at::Tensor running_var;   // [C]
};

struct BatchNormOptions {
  bool training = false;
  bool relu = false;
  StatisticsExchange* exchange = nullptr;  // in training: x is one shard of the batch
};

/// The same activation for two readers, each with a gradient of its own: batch norm's backward pass
/// adds these up as it reads them, which spares a pass over memory. Where that is not possible both
/// are one tensor.
struct ForkedActivation {
  at::Tensor first;
  at::Tensor second;
};

/// True when `fused_batch_norm` can take x: dense, channels-last, float32 or bfloat16, on the CPU;
/// and in evaluation mode only where no gradients are recorded.
bool can_fuse_batch_norm(const at::Tensor& x, const BatchNormOptions& options);

/// Batch norm of x [B, C, H, W], plus `shortcut` of the same shape if there is one, then ReLU if
/// asked for: what at::batch_norm, add and relu compute, with half the passes over memory. Forward
/// reads x twice and writes y; backward reads x and y's gradient twice and writes one gradient
/// (with a shortcut it reads y, too, and writes two). In training mode updates the running
/// statistics. With an exchange all statistics, and what the gradient of x takes off, are those of
/// the whole batch; the gradients of weight and bias are this shard's own.
ForkedActivation fused_batch_norm(const at::Tensor& x,
                                  const std::optional<at::Tensor>& shortcut,
                                  const BatchNormTensors& tensors,
                                  const BatchNormOptions& options);

}  // namespace headway
