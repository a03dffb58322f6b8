#pragma once

#include <ATen/core/Tensor.h>

#include "models/graph/feature_pooling.h"

namespace headway {

/// [B, C, H, W] -> [B, pooled_size(pooling, {C, H, W})], dense.
at::Tensor pool_features(const at::Tensor& feature_map, FeaturePooling pooling);

}  // namespace headway
