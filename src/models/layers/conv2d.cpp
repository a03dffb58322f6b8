#include "models/layers/conv2d.h"

#include <ATen/ops/conv2d.h>

#include <cmath>
#include <optional>

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

at::Tensor Conv2d::forward(const at::Tensor& x) const {
  return at::conv2d(
      x, parameters_->parameter(weight_), std::nullopt, shape_.stride, shape_.kernel / 2);
}

at::Tensor as_channels_last(const at::Tensor& images) {
  if (images.size(1) != 1) return images.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor dense = images.contiguous();
  const std::int64_t height = dense.size(2);
  const std::int64_t width = dense.size(3);
  return dense.as_strided(dense.sizes(), {height * width, 1, width, 1});
}

}  // namespace headway
