#include "training/losses/loss.h"

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "support/reference_model.h"

namespace headway {
namespace {

constexpr std::int64_t kBatch = 6;
constexpr std::int64_t kClasses = 4;

at::Tensor logits() {
  return reference_tensor("loss/logits", {kBatch, kClasses}, 0, 2);
}
at::Tensor labels() {
  return at::tensor(std::vector<std::int64_t>{0, 3, 1, 1, 2, 0});
}
Mixing mixing(double weight) {
  return {.weight = weight, .partners = {4, 1, 0, 5, 2, 3}};
}

// -sum_k t_k log p_k with the target t written out: smoothed one-hot vectors, mixed.
double expected_loss(const at::Tensor& scores, const Mixing& mixing, double smoothing) {
  const at::Tensor log_p = at::log_softmax(scores.to(at::kDouble), 1);
  const at::Tensor truth = labels();
  double sum = 0;
  for (std::int64_t i = 0; i < kBatch; ++i) {
    const std::int64_t partner = mixing.partners[static_cast<std::size_t>(i)];
    for (std::int64_t k = 0; k < kClasses; ++k) {
      const auto target = [&](std::int64_t place) {
        const bool own = truth[place].item<std::int64_t>() == k;
        return smoothing / kClasses + (own ? 1 - smoothing : 0);
      };
      const double t = mixing.weight * target(i) + (1 - mixing.weight) * target(partner);
      sum -= t * log_p[i][k].item<double>();
    }
  }
  return sum;
}

TEST(Loss, is_the_cross_entropy_with_smoothed_and_mixed_targets) {
  const Mixing none{.weight = 1, .partners = {0, 1, 2, 3, 4, 5}};
  for (const double smoothing : {0.0, 0.1}) {
    EXPECT_NEAR(loss_sum(logits(), make_targets(labels(), {}), smoothing).item<double>(),
                expected_loss(logits(), none, smoothing),
                1e-5);
    for (const double weight : {0.3, 0.9}) {
      EXPECT_NEAR(
          loss_sum(logits(), make_targets(labels(), mixing(weight)), smoothing).item<double>(),
          expected_loss(logits(), mixing(weight), smoothing),
          1e-5);
    }
  }
}

TEST(Loss, the_gradient_of_a_mixed_loss_is_softmax_minus_the_mixed_target) {
  const at::Tensor scores = logits().requires_grad_(true);
  loss_sum(scores, make_targets(labels(), mixing(0.3)), 0).backward();
  at::Tensor expected = scores.detach().softmax(1);
  const at::Tensor truth = labels();
  for (std::int64_t i = 0; i < kBatch; ++i) {
    const std::int64_t partner = mixing(0.3).partners[static_cast<std::size_t>(i)];
    expected[i][truth[i].item<std::int64_t>()].sub_(0.3);
    expected[i][truth[partner].item<std::int64_t>()].sub_(0.7);
  }
  EXPECT_TRUE(scores.grad().allclose(expected, 1e-5, 1e-6));
}

TEST(Loss, accuracy_counts_the_label_of_the_larger_share) {
  EXPECT_TRUE(dominant_labels(make_targets(labels(), {})).equal(labels()));
  EXPECT_TRUE(dominant_labels(make_targets(labels(), mixing(0.5))).equal(labels()));
  EXPECT_TRUE(dominant_labels(make_targets(labels(), mixing(0.49)))
                  .equal(at::tensor(std::vector<std::int64_t>{2, 3, 0, 0, 1, 1})));
}

}  // namespace
}  // namespace headway
