#include "models/layers/conv2d.h"

#include <ATen/ops/conv2d.h>

#include <cmath>
#include <optional>

#include "models/layers/subsample2d.h"
#include "models/layers/winograd/winograd_conv2d.h"

namespace headway {
namespace {

double default_bound(const Conv2dShape& shape) {
  return 1 / std::sqrt(static_cast<double>(shape.in * shape.kernel * shape.kernel));
}

}  // namespace

Conv2d::Conv2d(ParameterSet& parameters, const std::string& name, const Conv2dShape& shape)
    : parameters_(&parameters),
      shape_(shape),
      weight_(parameters.add_uniform(name + ".weight",
                                     ParameterKind::kWeight,
                                     {shape.out, shape.in, shape.kernel, shape.kernel},
                                     default_bound(shape))) {}

// A 1x1 convolution of stride s sees every s-th pixel: these are picked out first. Besides being
// faster, this keeps clear of oneDNN 3.10's backward pass of strided 1x1 convolutions, which writes
// beyond its buffers (channels no multiple of 16, AVX-512) and so corrupts the heap. Most of an
// encoder's time goes into 3x3 convolutions of stride 1, for which PyTorch's CPU kernels take up to
// twice as long as Winograd's (bench/convolutions.cpp).
at::Tensor Conv2d::forward(const at::Tensor& x) const {
  const at::Tensor& weight = parameters_->parameter(weight_);
  if (shape_.kernel == 1 && shape_.stride > 1) {
    return at::conv2d(subsample2d(x, shape_.stride), weight);
  }
  if (shape_.kernel == 3 && shape_.stride == 1 && can_use_winograd(x, weight)) {
    return winograd_conv2d(x, weight);
  }
  return at::conv2d(x, weight, std::nullopt, shape_.stride, shape_.kernel / 2);
}

at::Tensor as_channels_last(const at::Tensor& images) {
  if (images.size(1) != 1) return images.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor dense = images.contiguous();
  const std::int64_t height = dense.size(2);
  const std::int64_t width = dense.size(3);
  return dense.as_strided(dense.sizes(), {height * width, 1, width, 1});
}

}  // namespace headway
