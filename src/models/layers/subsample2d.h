#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace headway {

/// x [B, C, H, W] -> [B, C, ceil(H / n), ceil(W / n)]: pixels (0, 0), (0, n), ... Dense and in
/// channels-last order, and so is the gradient, which is 0 elsewhere.
at::Tensor subsample2d(const at::Tensor& x, std::int64_t n);

}  // namespace headway
