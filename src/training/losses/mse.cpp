#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>

#include "training/losses/loss.h"

namespace headway {
namespace {

/// (1/K) [kappa (l_y - M)^2 + sum over k != y of l_k^2]. With kappa = M = 1: the mean squared
/// difference to a one-hot target. Hui and Belkin, ICLR 2021.
class MseLoss : public Loss {
 public:
  explicit MseLoss(const Options& options)
      : kappa_(options.number("kappa")), target_(options.number("target")) {}

  at::Tensor sum(const LossInputs& inputs) const override {
    const at::Tensor& logits = inputs.logits;
    const std::int64_t classes = logits.size(1);
    const at::Tensor is_target =
        inputs.labels.unsqueeze(1).eq(at::arange(classes, inputs.labels.options()));  // [B, K]
    const at::Tensor off_target = logits - target_;
    const at::Tensor squares =
        at::where(is_target, kappa_ * (off_target * off_target), logits * logits);
    return squares.sum() / static_cast<double>(classes);
  }

 private:
  double kappa_;
  double target_;
};

}  // namespace

template <>
std::unique_ptr<Loss> LossComponent<Mse>::make(const Options& options) {
  return std::make_unique<MseLoss>(options);
}

}  // namespace headway
