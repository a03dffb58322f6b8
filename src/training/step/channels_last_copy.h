#pragma once

#include <ATen/core/Tensor.h>

namespace headway {

/// Copies `source` [O, I, H, W] into `target` of the same shape, float32, whose memory is in
/// channels_last order. Quick for the dense gradients that oneDNN's convolutions leave for their
/// weights, which PyTorch's own copy walks through element by element.
void copy_to_channels_last(const at::Tensor& source, const at::Tensor& target);

}  // namespace headway
