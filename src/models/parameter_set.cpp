#include "models/parameter_set.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <string_view>

#include "base/errors.h"

namespace headway {
namespace {

// Owns its memory, row-major, and stands at the start of an autograd graph of its own.
at::Tensor own_copy(const at::Tensor& values) {
  return values.detach().clone(at::MemoryFormat::Contiguous);
}

}  // namespace

std::size_t ParameterSet::add_uniform(const std::string& name,
                                      ParameterKind kind,
                                      at::IntArrayRef shape,
                                      double bound) {
  check_new(name);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  // The name is part of the stream's own, so a parameter's draw depends on no other parameter.
  RandomStream stream(static_cast<std::uint64_t>(init_seed_), "init/" + name);
  float* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(bound * (2 * stream.uniform() - 1));
  }
  parameters_.push_back({name, kind, tensor.requires_grad_()});
  return parameters_.size() - 1;
}

std::size_t ParameterSet::add_constant(const std::string& name,
                                       ParameterKind kind,
                                       at::IntArrayRef shape,
                                       double value) {
  check_new(name);
  parameters_.push_back({name, kind, at::full(shape, value, at::kFloat).requires_grad_()});
  return parameters_.size() - 1;
}

std::size_t ParameterSet::add_values(const std::string& name,
                                     ParameterKind kind,
                                     const at::Tensor& values) {
  check_new(name);
  parameters_.push_back({name, kind, own_copy(values).to(at::kFloat).requires_grad_()});
  return parameters_.size() - 1;
}

std::size_t ParameterSet::add_buffer(const std::string& name,
                                     const at::Tensor& initial,
                                     bool per_shard) {
  check_new(name);
  buffers_.push_back({name, own_copy(initial), per_shard});
  return buffers_.size() - 1;
}

void ParameterSet::check_new(const std::string& name) const {
  const auto has_name = [&name](const auto& entry) { return entry.name == name; };
  expects(std::ranges::none_of(parameters_, has_name) && std::ranges::none_of(buffers_, has_name),
          "a parameter or buffer stands twice in the model: " + name);
}

}  // namespace headway
