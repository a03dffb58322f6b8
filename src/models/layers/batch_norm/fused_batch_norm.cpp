#include "models/layers/batch_norm/fused_batch_norm.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <utility>

#include "base/errors.h"
#include "models/layers/batch_norm/batch_norm_kernels.h"
#include "models/layers/batch_norm/channel_values.h"
#include "models/layers/batch_norm/whole_batch.h"

namespace headway {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor channels_last(const at::Tensor& tensor, const at::Tensor& like) {
  return tensor.to(like.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
}

ActivationShape shape_of(const at::Tensor& x) {
  return {.rows = x.numel() / x.size(1), .channels = x.size(1)};
}

/// Calls `body` with a null pointer of x's element type.
template <typename Body>
auto with_element_type(const at::Tensor& x, const Body& body) {
  if (x.scalar_type() == at::kFloat) return body(static_cast<float*>(nullptr));
  return body(static_cast<c10::BFloat16*>(nullptr));
}

ChannelMoments moments_of(const at::Tensor& x) {
  return with_element_type(
      x, [&]<typename T>(T*) { return channel_moments(x.const_data_ptr<T>(), shape_of(x)); });
}

/// The running statistics move by a tenth towards the batch's, with the unbiased variance.
void update_running_statistics(const BatchNormTensors& tensors, const WholeBatchMoments& batch) {
  const auto& [moments, row_count] = batch;
  const auto rows = static_cast<double>(row_count);
  const auto momentum = static_cast<float>(kBatchNormMomentum);
  const auto unbiased = static_cast<float>(rows / (rows - 1));
  expects(tensors.running_mean.is_contiguous() && tensors.running_var.is_contiguous(),
          "running statistics must be contiguous");
  float* mean = tensors.running_mean.mutable_data_ptr<float>();
  float* variance = tensors.running_var.mutable_data_ptr<float>();
  for (std::size_t c = 0; c < moments.mean.size(); ++c) {
    mean[c] = (1 - momentum) * mean[c] + momentum * moments.mean[c];
    variance[c] = (1 - momentum) * variance[c] + momentum * unbiased * moments.variance[c];
  }
}

/// 1 / sqrt(variance + epsilon), in place.
std::vector<float> inverse_deviation(std::vector<float> variance) {
  for (float& value : variance) {
    value = static_cast<float>(1 / std::sqrt(double{value} + kBatchNormEpsilon));
  }
  return variance;
}

/// y = scale x + shift; [C] each.
struct Affine {
  std::vector<float> scale;
  std::vector<float> shift;
};

/// Normalises by the statistics, then scales by `weight` and adds `bias`.
Affine affine_of(const at::Tensor& weight,
                 const at::Tensor& bias,
                 const std::vector<float>& mean,
                 const std::vector<float>& inverse_deviation) {
  Affine affine{to_vector(weight), to_vector(bias)};
  for (std::size_t c = 0; c < mean.size(); ++c) {
    affine.scale[c] *= inverse_deviation[c];
    affine.shift[c] -= mean[c] * affine.scale[c];
  }
  return affine;
}

at::Tensor normalised(const at::Tensor& x,
                      const std::optional<at::Tensor>& shortcut,
                      const Affine& affine,
                      bool relu) {
  at::Tensor y = at::empty_like(x);
  const std::optional<at::Tensor> added =
      shortcut ? std::optional(channels_last(*shortcut, x)) : std::nullopt;
  with_element_type(x, [&]<typename T>(T*) {
    normalise<T>({.x = x.const_data_ptr<T>(),
                  .shortcut = added ? added->const_data_ptr<T>() : nullptr,
                  .y = y.mutable_data_ptr<T>(),
                  .scale = &affine.scale,
                  .shift = &affine.shift,
                  .relu = relu},
                 shape_of(x));
  });
  return y;
}

struct BatchNormGradients {
  at::Tensor x;
  at::Tensor shortcut;  // undefined when not wanted
  at::Tensor weight;
  at::Tensor bias;
};

struct SavedBatchNorm {
  at::Tensor x;
  at::Tensor y;  // with ReLU after a shortcut: shows where the gradient passes
  at::Tensor weight;
  std::vector<float> mean;
  std::vector<float> inverse_deviation;
  Affine affine;          // with ReLU and no shortcut: likewise
  std::int64_t rows = 0;  // of the whole batch
  StatisticsExchange* exchange = nullptr;
};

/// With N rows, x' = (x - mean) / deviation: grad_x = weight / deviation (g - sum(g) / N - x' sum(g
/// x') / N).
InputGradientFactors input_gradient_factors(const SavedBatchNorm& saved, GradientSums sums) {
  InputGradientFactors factors{
      to_vector(saved.weight), std::move(sums.sum_with_x), std::move(sums.sum)};
  const auto rows = static_cast<float>(saved.rows);
  for (std::size_t c = 0; c < factors.gradient.size(); ++c) {
    const float inverse = saved.inverse_deviation[c];
    factors.gradient[c] *= inverse;
    factors.x[c] *= -factors.gradient[c] * inverse * inverse / rows;
    factors.constant[c] *= -factors.gradient[c] / rows;
  }
  return factors;
}

template <typename T>
BatchNormGradients gradients(const SavedBatchNorm& saved,
                             const ForkedActivation& grad_y,
                             bool wants_shortcut) {
  const ActivationShape shape = shape_of(saved.x);
  const bool has_affine = !saved.affine.scale.empty();
  GradientArguments<T> arguments{
      .x = saved.x.const_data_ptr<T>(),
      .y = saved.y.defined() ? saved.y.const_data_ptr<T>() : nullptr,
      .grad_y = grad_y.first.const_data_ptr<T>(),
      .also_grad_y = grad_y.second.defined() ? grad_y.second.const_data_ptr<T>() : nullptr,
      .mean = &saved.mean,
      .scale = has_affine ? &saved.affine.scale : nullptr,
      .shift = has_affine ? &saved.affine.shift : nullptr};
  BatchNormGradients result;
  T* masked = nullptr;
  if (wants_shortcut && (saved.y.defined() || grad_y.second.defined())) {
    result.shortcut = at::empty_like(saved.x);
    masked = result.shortcut.mutable_data_ptr<T>();
  } else if (wants_shortcut) {
    result.shortcut = grad_y.first;
  }
  GradientSums sums = gradient_sums(arguments, masked, shape);
  if (masked != nullptr) {  // then masked and added up already
    arguments.y = nullptr;
    arguments.grad_y = masked;
    arguments.also_grad_y = nullptr;
  }
  result.x = at::empty_like(saved.x);
  input_gradient(arguments,
                 input_gradient_factors(saved, of_whole_batch(saved.exchange, sums, shape.rows)),
                 result.x.mutable_data_ptr<T>(),
                 shape);
  for (std::size_t c = 0; c < sums.sum.size(); ++c) {
    sums.sum_with_x[c] *= saved.inverse_deviation[c];
  }
  result.weight = to_tensor(sums.sum_with_x, saved.x);
  result.bias = to_tensor(sums.sum, saved.x);
  return result;
}

/// Of the two outputs; the second one is undefined when only one has been read.
ForkedActivation joined_gradients(const variable_list& gradients, const at::Tensor& like) {
  ForkedActivation result;
  for (const at::Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    (result.first.defined() ? result.second : result.first) = channels_last(gradient, like);
  }
  return result;
}

/// The training form as one node of the autograd graph.
struct TrainingBatchNorm : torch::autograd::Function<TrainingBatchNorm> {
  static variable_list forward(AutogradContext* context,
                               const at::Tensor& x,
                               const std::optional<at::Tensor>& shortcut,
                               const at::Tensor& weight,
                               const at::Tensor& bias,
                               const BatchNormTensors& tensors,
                               const BatchNormOptions& options) {
    const bool relu = options.relu;
    const WholeBatchMoments batch =
        of_whole_batch(options.exchange, moments_of(x), shape_of(x).rows);
    const ChannelMoments& moments = batch.moments;
    update_running_statistics(tensors, batch);
    const std::vector<float> inverse = inverse_deviation(moments.variance);
    at::Tensor y = normalised(x, shortcut, affine_of(weight, bias, moments.mean, inverse), relu);
    context->save_for_backward({x,
                                relu && shortcut ? y : at::Tensor(),
                                weight,
                                relu && !shortcut ? bias : at::Tensor(),
                                to_tensor(moments.mean, x),
                                to_tensor(inverse, x)});
    context->saved_data["has_shortcut"] = shortcut.has_value();
    context->saved_data["rows"] = batch.rows;
    context->saved_data["exchange"] = as_saved_value(options.exchange);
    context->set_materialize_grads(false);
    return {y, y.variable_data()};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    const variable_list tensors = context->get_saved_variables();
    SavedBatchNorm saved{.x = tensors[0],
                         .y = tensors[1],
                         .weight = tensors[2],
                         .mean = to_vector(tensors[4]),
                         .inverse_deviation = to_vector(tensors[5]),
                         .affine = {},
                         .rows = context->saved_data["rows"].toInt(),
                         .exchange = exchange_in(context->saved_data["exchange"])};
    if (const at::Tensor& bias = tensors[3]; bias.defined()) {
      saved.affine = affine_of(saved.weight, bias, saved.mean, saved.inverse_deviation);
    }
    const ForkedActivation grad_y = joined_gradients(grad_outputs, saved.x);
    const bool wants_shortcut = context->saved_data["has_shortcut"].toBool();
    const BatchNormGradients result = with_element_type(
        saved.x, [&]<typename T>(T*) { return gradients<T>(saved, grad_y, wants_shortcut); });
    return {result.x, result.shortcut, result.weight, result.bias, {}, {}};
  }
};

}  // namespace

bool can_fuse_batch_norm(const at::Tensor& x, const BatchNormOptions& options) {
  const bool known_type = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return x.is_cpu() && known_type && x.dim() == 4 && x.numel() > 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         (options.training || !at::GradMode::is_enabled());
}

ForkedActivation fused_batch_norm(const at::Tensor& x,
                                  const std::optional<at::Tensor>& shortcut,
                                  const BatchNormTensors& tensors,
                                  const BatchNormOptions& options) {
  if (options.training) {
    variable_list outputs =
        TrainingBatchNorm::apply(x, shortcut, tensors.weight, tensors.bias, tensors, options);
    return {std::move(outputs[0]), std::move(outputs[1])};
  }
  const Affine affine = affine_of(tensors.weight,
                                  tensors.bias,
                                  to_vector(tensors.running_mean),
                                  inverse_deviation(to_vector(tensors.running_var)));
  const at::Tensor y = normalised(x, shortcut, affine, options.relu);
  return {y, y};
}

}  // namespace headway
