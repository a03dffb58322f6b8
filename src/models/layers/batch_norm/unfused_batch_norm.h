#pragma once

#include <ATen/core/Tensor.h>

#include "models/layers/batch_norm/fused_batch_norm.h"
#include "models/layers/batch_norm/statistics_exchange.h"

namespace headway {

/// Batch norm in training by the statistics of the whole batch, of which x [B, C, ...] (float32 or
/// bfloat16, on any device) is one shard: what fused_batch_norm computes with an exchange, for
/// tensors that it does not take. Updates the running statistics. -> x's shape and dtype.
at::Tensor unfused_batch_norm(const at::Tensor& x,
                              const BatchNormTensors& tensors,
                              StatisticsExchange& exchange);

}  // namespace headway
