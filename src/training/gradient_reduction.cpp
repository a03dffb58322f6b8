#include "training/gradient_reduction.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>

#include "comm/bf16.h"

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
      arrived_(parameters.parameters().size()) {
  for (std::int64_t width = 1; width < shards; width *= 2) {
    partial_sums_.push_back(at::zeros_like(flat.all_gradients()));
  }
  for (std::size_t i = 0; i < arrived_.size(); ++i) hook(i);
}

// The first hook sees a gradient before autograd stores it: it moves it to its place and hands on
// that place, which autograd then takes as it is.
void GradientReduction::hook(std::size_t parameter) {
  const at::Tensor& tensor = parameters_.parameter(parameter);
  layout_hooks_.push_back(tensor.register_hook([this, parameter](const at::Tensor& gradient) {
    return flat_.set_gradient(parameter, gradient);
  }));
  torch::autograd::impl::set_post_acc_grad_hooks(tensor,
                                                 std::make_unique<ArrivalHook>(*this, parameter));
}

GradientReduction::~GradientReduction() {
  for (std::size_t i = 0; i < arrived_.size(); ++i) {
    parameters_.parameter(i).remove_hook(layout_hooks_[i]);
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_.parameter(i), nullptr);
  }
}

void GradientReduction::begin_shard(std::int64_t local) {
  local_ = local;
  merged_ = 0;
  next_ = 0;
  arrived_.assign(arrived_.size(), false);
}

void GradientReduction::arrived(std::size_t parameter) {
  arrived_[parameter] = true;
  if (!is_last_shard()) return;
  const std::vector<std::size_t>& order = flat_.order();
  while (next_ < order.size() && arrived_[order[next_]]) ++next_;
  const bool all = next_ == order.size();
  merge_up_to(all ? static_cast<std::size_t>(flat_.count()) : flat_.offset(order[next_]));
  flat_.announce(merged_);
}

void GradientReduction::end_shard() {
  for (std::size_t i = 0; i < arrived_.size(); ++i) {
    if (!arrived_[i]) flat_.clear_gradient(i);
  }
  merge_up_to(static_cast<std::size_t>(flat_.count()));
}

at::Tensor GradientReduction::rounded(at::Tensor gradients) const {
  if (flat_.precision() != SumPrecision::kBfloat16) return gradients;
  if (!gradients.is_cpu()) return gradients.copy_(gradients.to(at::kBFloat16));
  round_to_bf16({gradients.mutable_data_ptr<float>(), static_cast<std::size_t>(gradients.numel())});
  return gradients;
}

// A binary counter over the shards done: whenever two neighbouring subtrees are complete, the left
// one, kept aside, is added to the right one.
void GradientReduction::merge_up_to(std::size_t end) {
  if (end <= merged_) return;
  const at::NoGradGuard no_grad;
  const auto part = [&](const at::Tensor& flat) {
    return flat.narrow(
        0, static_cast<std::int64_t>(merged_), static_cast<std::int64_t>(end - merged_));
  };
  at::Tensor gradients = rounded(part(flat_.all_gradients()));
  const auto shard = static_cast<std::size_t>(local_);
  std::size_t level = 0;
  for (; (shard >> level & 1U) != 0; ++level) {
    rounded(gradients.add_(part(partial_sums_[level])));
  }
  if (!is_last_shard()) part(partial_sums_[level]).copy_(gradients);
  merged_ = end;
}

}  // namespace headway
