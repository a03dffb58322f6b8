#include "training/step/targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/reference_model.h"
#include "training/losses/loss.h"
#include "unit/models/head_setup.h"

namespace headway {
namespace {

constexpr std::int64_t kBatch = 6;
constexpr std::int64_t kClasses = 4;
constexpr std::int64_t kFeatures = 5;

at::Tensor logits() {
  return reference_tensor("loss/logits", {kBatch, kClasses}, 0, 2);
}
at::Tensor labels() {
  return at::tensor(std::vector<std::int64_t>{0, 3, 1, 1, 2, 0});
}
Mixing mixing(double weight) {
  return {.weight = weight, .partners = {4, 1, 0, 5, 2, 3}};
}

at::Tensor cross_entropy(const at::Tensor& scores,
                         const std::optional<Mixing>& mixing,
                         double smoothing) {
  LossConfig config{.name = "cross_entropy",
                    .options = Options(nlohmann::json{{"label_smoothing", smoothing}})};
  const auto loss = make_loss(config);
  return mixed_loss(make_targets(labels(), mixing), [&](const at::Tensor& truth) {
    return loss->sum({{}, scores, {}, truth});
  });
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

TEST(Targets, give_the_cross_entropy_with_smoothed_and_mixed_labels) {
  const Mixing none{.weight = 1, .partners = {0, 1, 2, 3, 4, 5}};
  for (const double smoothing : {0.0, 0.1}) {
    EXPECT_NEAR(cross_entropy(logits(), {}, smoothing).item<double>(),
                expected_loss(logits(), none, smoothing),
                1e-5);
    for (const double weight : {0.3, 0.9}) {
      EXPECT_NEAR(cross_entropy(logits(), mixing(weight), smoothing).item<double>(),
                  expected_loss(logits(), mixing(weight), smoothing),
                  1e-5);
    }
  }
}

TEST(Targets, the_gradient_of_a_mixed_loss_is_softmax_minus_the_mixed_target) {
  const at::Tensor scores = logits().requires_grad_(true);
  cross_entropy(scores, mixing(0.3), 0).backward();
  at::Tensor expected = scores.detach().softmax(1);
  const at::Tensor truth = labels();
  for (std::int64_t i = 0; i < kBatch; ++i) {
    const std::int64_t partner = mixing(0.3).partners[static_cast<std::size_t>(i)];
    expected[i][truth[i].item<std::int64_t>()].sub_(0.3);
    expected[i][truth[partner].item<std::int64_t>()].sub_(0.7);
  }
  EXPECT_TRUE(scores.grad().allclose(expected, 1e-5, 1e-6));
}

// Each set of labels has the margin at its own class, whatever the head and the loss.
TEST(Targets, a_mixed_loss_is_the_weighted_sum_of_two_losses_with_a_margin_each) {
  const at::Tensor partners =
      labels().index_select(0, at::tensor(std::vector<std::int64_t>{4, 1, 0, 5, 2, 3}));
  for (const ComponentSpec& head_entry : catalog(Family::kHead)) {
    const BuiltHead built(
        head_config(head_entry.name), reference_images("W", {kClasses, kFeatures}), true);
    const at::Tensor z = built.head->embed(reference_images("z", {kBatch, kFeatures}), true);
    const at::Tensor scores = built.head->logits(z);
    for (const ComponentSpec& loss_entry : catalog(Family::kLoss)) {
      const auto loss = make_loss({.name = loss_entry.name, .options = {}});
      const auto of = [&](const at::Tensor& truth) {
        return loss->sum(
            {z, built.head->with_margin(scores, truth), built.head->class_vectors(), truth});
      };
      const double expected = 0.3 * of(labels()).item<double>() + 0.7 * of(partners).item<double>();
      const double mixed = mixed_loss(make_targets(labels(), mixing(0.3)), of).item<double>();
      EXPECT_NEAR(mixed, expected, 1e-5 * std::abs(expected))
          << head_entry.name << " " << loss_entry.name;
    }
  }
}

TEST(Targets, accuracy_counts_the_label_of_the_larger_share) {
  EXPECT_TRUE(dominant_labels(make_targets(labels(), {})).equal(labels()));
  EXPECT_TRUE(dominant_labels(make_targets(labels(), mixing(0.5))).equal(labels()));
  EXPECT_TRUE(dominant_labels(make_targets(labels(), mixing(0.49)))
                  .equal(at::tensor(std::vector<std::int64_t>{2, 3, 0, 0, 1, 1})));
}

}  // namespace
}  // namespace headway
