#include "models/layers/conv2d.h"

#include <ATen/ops/conv2d.h>

#include <cmath>

#include "models/layers/subsample2d.h"
#include "models/layers/winograd/winograd_conv2d.h"

namespace headway {

Conv2d::Conv2d(ParameterSet& parameters, const std::string& name, const ConvLayer& shape)
    : parameters_(&parameters), shape_(shape) {
  const double bound = 1 / std::sqrt(static_cast<double>(shape.fan_in()));
  weight_ = parameters.add_uniform(name + ".weight",
                                   ParameterKind::kWeight,
                                   {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel},
                                   bound);
  if (shape.bias) {
    bias_ = parameters.add_uniform(name + ".bias", ParameterKind::kBias, {shape.out}, bound);
  }
}

// A 1x1 convolution of stride s sees every s-th pixel: these are picked out first. Besides being
// faster, this keeps clear of oneDNN 3.10's backward pass of strided 1x1 convolutions, which writes
// beyond its buffers (channels no multiple of 16, AVX-512) and so corrupts the heap. Most of an
// encoder's time goes into 3x3 convolutions of stride 1, for which PyTorch's CPU kernels take up to
// twice as long as Winograd's (bench/convolutions.cpp).
at::Tensor Conv2d::forward(const at::Tensor& x) const {
  constexpr std::int64_t kOne = 1;
  const at::Tensor& weight = parameters_->parameter(weight_);
  std::optional<at::Tensor> bias;
  if (bias_) bias = parameters_->parameter(*bias_);
  if (shape_.kernel == 1 && shape_.stride > 1 && shape_.padded() == 0) {
    const at::Tensor picked = subsample2d(x, shape_.stride);
    return at::conv2d(picked, weight, bias, kOne, shape_.padded(), kOne, shape_.groups);
  }
  if (fits_winograd(x, weight)) return winograd_conv2d(x, weight);
  return at::conv2d(x, weight, bias, shape_.stride, shape_.padded(), kOne, shape_.groups);
}

bool Conv2d::fits_winograd(const at::Tensor& x, const at::Tensor& weight) const {
  return shape_.kernel == 3 && shape_.stride == 1 && shape_.padded() == 1 && shape_.groups == 1 &&
         !shape_.bias && can_use_winograd(x, weight);
}

at::Tensor as_channels_last(const at::Tensor& images) {
  if (images.size(1) != 1) return images.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor dense = images.contiguous();
  const std::int64_t height = dense.size(2);
  const std::int64_t width = dense.size(3);
  return dense.as_strided(dense.sizes(), {height * width, 1, width, 1});
}

}  // namespace headway
