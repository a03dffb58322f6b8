#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace headway {

/// `values` [C] of any type and device, as floats in plain memory.
std::vector<float> to_vector(const at::Tensor& values);

/// `values` as a float32 tensor [C] on the device of `like`.
at::Tensor to_tensor(const std::vector<float>& values, const at::Tensor& like);

}  // namespace headway
