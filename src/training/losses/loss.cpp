#include "training/losses/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace headway {

Targets make_targets(const at::Tensor& labels, const std::optional<Mixing>& mixing) {
  if (!mixing) return {labels, {}, {}};
  Targets targets{labels, at::empty_like(labels), at::empty({2}, at::kFloat)};
  const auto* own = labels.const_data_ptr<std::int64_t>();
  auto* out = targets.partner_labels.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t partner : mixing->partners) *out++ = own[partner];
  auto* weights = targets.weights.mutable_data_ptr<float>();
  weights[0] = static_cast<float>(mixing->weight);
  weights[1] = static_cast<float>(1 - mixing->weight);
  return targets;
}

at::Tensor loss_sum(const at::Tensor& logits, const Targets& targets, double label_smoothing) {
  const auto cross_entropy = [&](const at::Tensor& labels) {
    return at::cross_entropy_loss(
        logits, labels, {}, at::Reduction::Sum, /*ignore_index=*/-100, label_smoothing);
  };
  at::Tensor own = cross_entropy(targets.labels);
  if (!targets.partner_labels.defined()) return own;
  return own.mul(targets.weights.select(0, 0))
      .add(cross_entropy(targets.partner_labels).mul(targets.weights.select(0, 1)));
}

at::Tensor dominant_labels(const Targets& targets) {
  const bool own = !targets.weights.defined() || targets.weights.const_data_ptr<float>()[0] >= 0.5F;
  return own ? targets.labels : targets.partner_labels;
}

}  // namespace headway
