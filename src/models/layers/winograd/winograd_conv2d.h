#pragma once

#include <ATen/core/Tensor.h>

namespace headway {

/// Whether winograd_conv2d can stand in for a convolution of x [B, in, H, W] by weight
/// [out, in, 3, 3] with stride 1 and padding 1: float32 on a CPU, outside of autocast, and channels
/// that winograd_takes.
bool can_use_winograd(const at::Tensor& x, const at::Tensor& weight);

/// x [B, in, H, W] * weight [out, in, 3, 3] -> [B, out, H, W], channels-last, in float32; with
/// gradients.
at::Tensor winograd_conv2d(const at::Tensor& x, const at::Tensor& weight);

}  // namespace headway
