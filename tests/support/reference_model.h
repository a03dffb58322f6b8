#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "models/parameter_set.h"
#include "support/reference_values.h"

namespace headway {

/// A float32 tensor of reference values (see reference_values.h), row-major.
inline at::Tensor reference_tensor(const std::string& name,
                                   at::IntArrayRef shape,
                                   double centre,
                                   double spread) {
  at::Tensor result = at::empty(shape, at::kFloat);
  float* values = result.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    values[i] = reference_value(name, static_cast<std::uint64_t>(i), centre, spread);
  }
  return result;
}

/// Images of mean 0 and variance 1.
inline at::Tensor reference_images(const std::string& name, at::IntArrayRef shape) {
  return reference_tensor(name, shape, 0, std::sqrt(3.0));
}

/// Class labels, int64 [count].
inline at::Tensor reference_labels(const std::string& name,
                                   std::int64_t count,
                                   std::int64_t classes) {
  at::Tensor result = at::empty({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    result.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(
        reference_bits(name, static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(classes));
  }
  return result;
}

/// The reference values of one entry of a state dict, as `fill` in make_model_fixtures.py has them.
inline at::Tensor reference_state(const std::string& name, const at::Tensor& like) {
  const auto sizes = like.sizes();
  const auto fan_in = [&] { return static_cast<double>(like.numel() / like.size(0)); };
  if (like.scalar_type() == at::kLong) return at::zeros_like(like);
  if (like.dim() >= 2) return reference_tensor(name, sizes, 0, 1 / std::sqrt(fan_in()));
  if (name.ends_with("running_mean") || name == "linear.bias") {
    return reference_tensor(name, sizes, 0, 0.1);
  }
  if (name.ends_with("bias")) return reference_tensor(name, sizes, 3, 0.1);
  return reference_tensor(name, sizes, 1, 0.25);
}

/// Gives every parameter and buffer its reference values.
inline void fill_with_reference_values(ParameterSet& parameters) {
  for (const Parameter& parameter : parameters.parameters()) {
    at::Tensor(parameter.tensor.detach()).copy_(reference_state(parameter.name, parameter.tensor));
  }
  for (const Buffer& buffer : parameters.buffers()) {
    at::Tensor(buffer.tensor).copy_(reference_state(buffer.name, buffer.tensor));
  }
}

}  // namespace headway
