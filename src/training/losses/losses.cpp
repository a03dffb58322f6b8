#include "training/losses/losses.h"

#include <c10/core/GradMode.h>

#include "base/registry.h"
#include "training/losses/loss.h"

namespace headway {
namespace {

const Registry<LossFactory>& losses() {
  static const Registry<LossFactory> table("loss", Losses::collect([]<typename Tag>() {
                                             return std::pair<std::string, LossFactory*>(
                                                 LossComponent<Tag>::spec().component.name,
                                                 &LossComponent<Tag>::make);
                                           }));
  return table;
}

}  // namespace

at::Tensor Loss::evaluation_sum(const LossInputs& inputs) const {
  return sum(inputs);
}

double evaluated_loss(const Loss& loss, const LossInputs& inputs) {
  const c10::NoGradGuard no_grad;
  const auto as_double = [](const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kDouble); };
  return loss
      .evaluation_sum({as_double(inputs.features),
                       as_double(inputs.logits),
                       as_double(inputs.class_vectors),
                       inputs.labels.to(at::kCPU)})
      .item<double>();
}

std::unique_ptr<Loss> make_loss(const LossConfig& config) {
  LossFactory& make = losses().at(config.name);
  Options options = default_options(Family::kLoss, config.name);
  options.values().update(config.options.values());
  return make(options);
}

}  // namespace headway
