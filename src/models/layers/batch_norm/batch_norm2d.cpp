#include "models/layers/batch_norm/batch_norm2d.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "models/layers/batch_norm/unfused_batch_norm.h"

namespace headway {

BatchNorm2d::BatchNorm2d(ParameterSet& parameters, const std::string& name, std::int64_t channels)
    : parameters_(&parameters),
      weight_(parameters.add_constant(name + ".weight", ParameterKind::kBatchNorm, {channels}, 1)),
      bias_(parameters.add_constant(name + ".bias", ParameterKind::kBatchNorm, {channels}, 0)),
      running_mean_(parameters.add_buffer(name + ".running_mean", at::zeros({channels}), true)),
      running_var_(parameters.add_buffer(name + ".running_var", at::ones({channels}), true)),
      num_batches_tracked_(
          parameters.add_buffer(name + ".num_batches_tracked", at::zeros({}, at::kLong), true)) {}

at::Tensor BatchNorm2d::forward(const at::Tensor& x, bool training) const {
  return forward(x, {}, training).first;
}

ForkedActivation BatchNorm2d::forward(const at::Tensor& x,
                                      const BatchNormFollowers& then,
                                      bool training) const {
  if (training) at::Tensor(parameters_->buffer(num_batches_tracked_)).add_(1);
  const BatchNormTensors tensors{.weight = parameters_->parameter(weight_),
                                 .bias = parameters_->parameter(bias_),
                                 .running_mean = parameters_->buffer(running_mean_),
                                 .running_var = parameters_->buffer(running_var_)};
  const BatchNormOptions options{
      .training = training,
      .relu = then.relu,
      .exchange = training ? parameters_->statistics_exchange() : nullptr};
  if (can_fuse_batch_norm(x, options)) return fused_batch_norm(x, then.shortcut, tensors, options);
  at::Tensor y = options.exchange != nullptr ? unfused_batch_norm(x, tensors, *options.exchange)
                                             : at::batch_norm(x,
                                                              tensors.weight,
                                                              tensors.bias,
                                                              tensors.running_mean,
                                                              tensors.running_var,
                                                              training,
                                                              kBatchNormMomentum,
                                                              kBatchNormEpsilon,
                                                              /*cudnn_enabled=*/true);
  if (then.shortcut) y.add_(*then.shortcut);
  if (then.relu) y.relu_();
  return {y, y};
}

}  // namespace headway
