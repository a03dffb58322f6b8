#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>

#include "training/losses/loss.h"

namespace headway {
namespace {

constexpr std::int64_t kNoLabelIgnored = -100;  // no label has this value

/// -log p_y with p the softmax of the logits; with label smoothing a:
/// (1 - a) (-log p_y) + (a / K) sum over k of -log p_k.
class CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(const Options& options)
      : label_smoothing_(options.number("label_smoothing")) {}

  at::Tensor sum(const LossInputs& inputs) const override {
    return smoothed(inputs, label_smoothing_);
  }
  at::Tensor evaluation_sum(const LossInputs& inputs) const override { return smoothed(inputs, 0); }

 private:
  static at::Tensor smoothed(const LossInputs& inputs, double label_smoothing) {
    return at::cross_entropy_loss(
        inputs.logits, inputs.labels, {}, at::Reduction::Sum, kNoLabelIgnored, label_smoothing);
  }

  double label_smoothing_;
};

}  // namespace

template <>
std::unique_ptr<Loss> LossComponent<CrossEntropy>::make(const Options& options) {
  return std::make_unique<CrossEntropyLoss>(options);
}

}  // namespace headway
