#include "models/heads/class_vector_parameters.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {
namespace {

constexpr double kInitialBias = 0.01;

at::Tensor matrix_of(const HeadInputs& inputs) {
  const ClassVectors& drawn = inputs.class_vectors;
  expects(drawn.classes == inputs.shape.classes && drawn.feature_size == inputs.shape.features,
          fmt::format("a head of {} classes and {} features got class vectors of shape [{}, {}]",
                      inputs.shape.classes,
                      inputs.shape.features,
                      drawn.classes,
                      drawn.feature_size));
  at::Tensor matrix = at::empty({drawn.classes, drawn.feature_size}, at::kFloat);
  std::ranges::copy(drawn.values, matrix.mutable_data_ptr<float>());
  return matrix;
}

}  // namespace

ClassVectorParameters::ClassVectorParameters(const HeadInputs& inputs,
                                             const std::string& bias,
                                             ParameterSet& parameters)
    : parameters_(&parameters) {
  if (bias != "none" && bias != "learned" && bias != "frozen") {
    throw ConfigError(fmt::format(
        "head.bias: unknown value '{}'{}", bias, suggestion(bias, {"none", "learned", "frozen"})));
  }
  const at::Tensor matrix = matrix_of(inputs);
  weight_ = {inputs.learned,
             inputs.learned
                 ? parameters.add_values("linear.weight", ParameterKind::kClassVectors, matrix)
                 : parameters.add_buffer("linear.weight", matrix, false)};
  if (bias == "none") return;
  const at::Tensor initial = at::full({inputs.shape.classes}, kInitialBias, at::kFloat);
  const bool learned = bias == "learned";
  bias_ = {learned,
           learned ? parameters.add_values("linear.bias", ParameterKind::kBias, initial)
                   : parameters.add_buffer("linear.bias", initial, false)};
}

std::optional<at::Tensor> ClassVectorParameters::bias() const {
  if (!bias_) return std::nullopt;
  return bias_->tensor(*parameters_);
}

at::Tensor float_features(const at::Tensor& features, const at::Tensor& class_vectors) {
  expects(features.dim() == 2 && features.size(1) == class_vectors.size(1),
          "a head got features of another shape than [B, D]");
  return features.to(at::kFloat);
}

}  // namespace headway
