#include "training/step/targets.h"

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

at::Tensor mixed_loss(const Targets& targets,
                      const std::function<at::Tensor(const at::Tensor&)>& loss) {
  at::Tensor own = loss(targets.labels);
  if (!targets.partner_labels.defined()) return own;
  return own.mul(targets.weights.select(0, 0))
      .add(loss(targets.partner_labels).mul(targets.weights.select(0, 1)));
}

at::Tensor dominant_labels(const Targets& targets) {
  const bool own = !targets.weights.defined() || targets.weights.const_data_ptr<float>()[0] >= 0.5F;
  return own ? targets.labels : targets.partner_labels;
}

}  // namespace headway
