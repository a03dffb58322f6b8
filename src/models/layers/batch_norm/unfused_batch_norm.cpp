#include "models/layers/batch_norm/unfused_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numeric>
#include <utility>
#include <vector>

#include "models/layers/batch_norm/channel_values.h"
#include "models/layers/batch_norm/whole_batch.h"

namespace headway {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::int64_t rows_of(const at::Tensor& x) {
  return x.numel() / x.size(1);
}

/// [C] summed over all other dimensions.
at::Tensor sum_per_channel(const at::Tensor& x) {
  std::vector<std::int64_t> others(static_cast<std::size_t>(x.dim()) - 1);
  std::iota(others.begin() + 1, others.end(), 2);
  return x.sum(others);
}

/// [C] -> [1, C, 1, ...], to go with x.
at::Tensor per_channel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = values.numel();
  return values.view(shape);
}

/// The same formulas as in fused_batch_norm.cpp.
struct WholeBatchNorm : torch::autograd::Function<WholeBatchNorm> {
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight,
                            const at::Tensor& bias,
                            const BatchNormTensors& tensors,
                            StatisticsExchange* exchange) {
    const at::Tensor values = x.to(at::kFloat);
    const std::int64_t rows = rows_of(x);
    const at::Tensor own_mean = sum_per_channel(values) / rows;
    const at::Tensor own_variance =
        sum_per_channel((values - per_channel(own_mean, x)).square()) / rows;
    const auto [moments, whole_rows] = of_whole_batch(
        exchange, ChannelMoments{to_vector(own_mean), to_vector(own_variance)}, rows);
    const at::Tensor mean = to_tensor(moments.mean, x);
    const at::Tensor variance = to_tensor(moments.variance, x);
    const double unbiased = static_cast<double>(whole_rows) / static_cast<double>(whole_rows - 1);
    at::Tensor(tensors.running_mean).lerp_(mean, kBatchNormMomentum);
    at::Tensor(tensors.running_var).lerp_(variance * unbiased, kBatchNormMomentum);
    const at::Tensor inverse = (variance + kBatchNormEpsilon).rsqrt();
    context->save_for_backward({x, weight, mean, inverse});
    context->saved_data["rows"] = whole_rows;
    context->saved_data["exchange"] = as_saved_value(exchange);
    const at::Tensor normalised =
        (values - per_channel(mean, x)) * per_channel(inverse * weight, x);
    return (normalised + per_channel(bias, x)).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& inverse = saved[3];
    const at::Tensor gradient = grad_outputs[0].to(at::kFloat);
    const at::Tensor distance = x.to(at::kFloat) - per_channel(saved[2], x);
    const at::Tensor sum = sum_per_channel(gradient);
    const at::Tensor sum_with_x = sum_per_channel(gradient * distance);
    const GradientSums whole = of_whole_batch(exchange_in(context->saved_data["exchange"]),
                                              GradientSums{to_vector(sum), to_vector(sum_with_x)},
                                              rows_of(x));
    const std::int64_t rows = context->saved_data["rows"].toInt();
    const at::Tensor by_x = to_tensor(whole.sum_with_x, x) * inverse.square() / rows;
    const at::Tensor constant = to_tensor(whole.sum, x) / rows;
    const at::Tensor grad_x =
        per_channel(saved[1] * inverse, x) *
        (gradient - distance * per_channel(by_x, x) - per_channel(constant, x));
    return {grad_x.to(x.scalar_type()), sum_with_x * inverse, sum, {}, {}};
  }
};

}  // namespace

at::Tensor unfused_batch_norm(const at::Tensor& x,
                              const BatchNormTensors& tensors,
                              StatisticsExchange& exchange) {
  return WholeBatchNorm::apply(x, tensors.weight, tensors.bias, tensors, &exchange);
}

}  // namespace headway
