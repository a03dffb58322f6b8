#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "models/parameter_set.h"

namespace headway {

struct Conv2dShape {
  std::int64_t in = 0;   // channels
  std::int64_t out = 0;  // channels
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
};

/// Two-dimensional convolution without bias, padding floor(kernel / 2).
/// Parameter: "<name>.weight" [out, in, kernel, kernel], drawn from U(±1/sqrt(in kernel²)), which
/// is PyTorch's default (kaiming_uniform with a = sqrt(5)).
class Conv2d {
 public:
  Conv2d(ParameterSet& parameters, const std::string& name, const Conv2dShape& shape);

  /// x [B, in, H, W] -> [B, out, ceil(H / stride), ceil(W / stride)] (odd kernels).
  at::Tensor forward(const at::Tensor& x) const;

 private:
  const ParameterSet* parameters_;
  Conv2dShape shape_;
  std::size_t weight_;
};

/// `images` in channels-last order of memory, without a copy where it is so already. A single
/// channel fits both orders; the strides returned say channels-last, so that every layer after it
/// keeps to that order.
at::Tensor as_channels_last(const at::Tensor& images);

}  // namespace headway
