#include "training/step/gradient_reduction.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>

#include "base/bf16.h"
#include "base/errors.h"

namespace headway {

/// Called by the backward pass when a parameter's gradient is complete. The gradient is in the flat
/// storage by then; the parameter gives its view of it up, so that the next is not added to it.
struct GradientReduction::ArrivalHook final : torch::autograd::PostAccumulateGradHook {
  ArrivalHook(GradientReduction& owner, std::size_t index) : reduction(owner), parameter(index) {}
  void operator()(const torch::autograd::Variable& variable) override {
    variable.mutable_grad().reset();
    reduction.arrived(parameter);
  }

  GradientReduction& reduction;
  std::size_t parameter;
};

GradientReduction::GradientReduction(const ParameterSet& parameters,
                                     FlatParameters& flat,
                                     std::int64_t shards)
    : parameters_(parameters),
      flat_(flat),
      shards_(shards),
      merged_(parameters.parameters().size()) {
  for (std::int64_t width = 1; width < shards; width *= 2) {
    partial_sums_.push_back(at::zeros_like(flat.all_gradients()));
  }
  for (std::size_t i = 0; i < merged_.size(); ++i) hook(i);
}

// The first hook sees a gradient before autograd stores it: it moves it to its place and hands on
// that place, which autograd then takes as it is.
void GradientReduction::hook(std::size_t parameter) {
  const at::Tensor& tensor = parameters_.parameter(parameter);
  layout_hooks_.push_back(tensor.register_hook([this, parameter](const at::Tensor& gradient) {
    merge_zeros(parameter, local_);
    return flat_.set_gradient(parameter, gradient);
  }));
  torch::autograd::impl::set_post_acc_grad_hooks(tensor,
                                                 std::make_unique<ArrivalHook>(*this, parameter));
}

GradientReduction::~GradientReduction() {
  for (std::size_t i = 0; i < merged_.size(); ++i) {
    parameters_.parameter(i).remove_hook(layout_hooks_[i]);
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_.parameter(i), nullptr);
  }
}

void GradientReduction::arrived(std::size_t parameter) {
  expects(merged_[parameter] == local_, "gradients of a parameter must come in the shards' order");
  merge(parameter);
  if (!is_complete(parameter)) return;
  const std::vector<std::size_t>& order = flat_.order();
  while (next_ < order.size() && is_complete(order[next_])) ++next_;
  const bool all = next_ == order.size();
  flat_.mark_ready(all ? static_cast<std::size_t>(flat_.count()) : flat_.offset(order[next_]));
}

void GradientReduction::set_arrived() {
  merged_.assign(merged_.size(), local_ + 1);
}

void GradientReduction::end_step() {
  for (std::size_t i = 0; i < merged_.size(); ++i) merge_zeros(i, shards_);
  merged_.assign(merged_.size(), 0);
  next_ = 0;
}

void GradientReduction::merge_zeros(std::size_t parameter, std::int64_t end) {
  while (merged_[parameter] < end) {
    flat_.clear_gradient(parameter);
    merge(parameter);
  }
}

at::Tensor GradientReduction::rounded(at::Tensor gradients) const {
  if (flat_.precision() != SumPrecision::kBfloat16) return gradients;
  if (!gradients.is_cpu()) return gradients.copy_(gradients.to(at::kBFloat16));
  round_to_bf16({gradients.mutable_data_ptr<float>(), static_cast<std::size_t>(gradients.numel())});
  return gradients;
}

// A binary counter over the shards done: whenever two neighbouring subtrees are complete, the left
// one, kept aside, is added to the right one.
void GradientReduction::merge(std::size_t parameter) {
  const at::NoGradGuard no_grad;
  const auto part = [&](const at::Tensor& flat) {
    return flat.narrow(0,
                       static_cast<std::int64_t>(flat_.offset(parameter)),
                       parameters_.parameter(parameter).numel());
  };
  at::Tensor gradients = rounded(part(flat_.all_gradients()));
  const auto shard = static_cast<std::size_t>(merged_[parameter]++);
  std::size_t level = 0;
  for (; (shard >> level & 1U) != 0; ++level) {
    rounded(gradients.add_(part(partial_sums_[level])));
  }
  if (!is_complete(parameter)) part(partial_sums_[level]).copy_(gradients);
}

}  // namespace headway
