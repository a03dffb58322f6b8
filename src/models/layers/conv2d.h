#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "models/graph/graph.h"
#include "models/parameter_set.h"

namespace headway {

/// Two-dimensional convolution. Weight and bias are drawn from U(±1/sqrt(in / groups kernel²)),
/// which is PyTorch's default (of the weight: kaiming_uniform with a = sqrt(5)).
class Conv2d {
 public:
  Conv2d(ParameterSet& parameters, const std::string& name, const ConvLayer& shape);

  /// x [B, in, H, W] -> [B, out, (H + 2 padding - kernel) / stride + 1, likewise].
  at::Tensor forward(const at::Tensor& x) const;

 private:
  bool fits_winograd(const at::Tensor& x, const at::Tensor& weight) const;

  const ParameterSet* parameters_;
  ConvLayer shape_;
  std::size_t weight_;
  std::optional<std::size_t> bias_;
};

/// `images` in channels-last order of memory, without a copy where it is so already. A single
/// channel fits both orders; the strides returned say channels-last, so that every layer after it
/// keeps to that order.
at::Tensor as_channels_last(const at::Tensor& images);

}  // namespace headway
