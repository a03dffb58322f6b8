#include "training/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty_like.h>

namespace headway {
namespace {

at::Tensor partner_labels(const Targets& targets) {
  at::Tensor result = at::empty_like(targets.labels);
  const auto* labels = targets.labels.const_data_ptr<std::int64_t>();
  auto* out = result.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t partner : targets.mixing->partners) *out++ = labels[partner];
  return result;
}

}  // namespace

at::Tensor loss_sum(const at::Tensor& logits, const Targets& targets, double label_smoothing) {
  const auto cross_entropy = [&](const at::Tensor& labels) {
    return at::cross_entropy_loss(logits,
                                  labels.to(logits.device()),
                                  {},
                                  at::Reduction::Sum,
                                  /*ignore_index=*/-100,
                                  label_smoothing);
  };
  at::Tensor own = cross_entropy(targets.labels);
  if (!targets.mixing) return own;
  const double weight = targets.mixing->weight;
  return own.mul(weight).add(cross_entropy(partner_labels(targets)), 1 - weight);
}

at::Tensor dominant_labels(const Targets& targets) {
  const bool own = !targets.mixing || targets.mixing->weight >= 0.5;
  return own ? targets.labels : partner_labels(targets);
}

}  // namespace headway
