#include "models/layers/linear.h"

#include <ATen/ops/linear.h>

#include <cmath>

namespace headway {

Linear::Linear(ParameterSet& parameters, const std::string& name, const LinearLayer& shape)
    : parameters_(&parameters) {
  const double bound = 1 / std::sqrt(static_cast<double>(shape.in));
  weight_ = parameters.add_uniform(
      name + ".weight", ParameterKind::kWeight, {shape.out, shape.in}, bound);
  if (shape.bias) {
    bias_ = parameters.add_uniform(name + ".bias", ParameterKind::kBias, {shape.out}, bound);
  }
}

at::Tensor Linear::forward(const at::Tensor& x) const {
  std::optional<at::Tensor> bias;
  if (bias_) bias = parameters_->parameter(*bias_);
  return at::linear(x, parameters_->parameter(weight_), bias);
}

}  // namespace headway
