#include "training/losses/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <initializer_list>

#include "base/errors.h"
#include "support/reference_model.h"
#include "unit/models/reference_file.h"

namespace headway {
namespace {

constexpr std::int64_t kBatch = 5;
constexpr std::int64_t kClasses = 4;

LossConfig loss_config(const std::string& name, const nlohmann::json& changes = {}) {
  LossConfig config{.name = name, .options = default_options(Family::kLoss, name)};
  if (!changes.is_null()) config.options.values().update(changes);
  return config;
}

at::Tensor logits() {
  return reference_tensor("l", {kBatch, kClasses}, 0, 2);
}
at::Tensor labels() {
  return reference_labels("y", kBatch, kClasses);
}

LossInputs inputs_of(const at::Tensor& scores, const at::Tensor& truth) {
  return {reference_images("z", {scores.size(0), 6}),
          scores,
          reference_images("W", {scores.size(1), 6}),
          truth};
}

/// What every loss in the table must keep.
class EveryLoss : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Loss> loss_ = make_loss(loss_config(GetParam()));
};

TEST_P(EveryLoss, adds_up_sample_by_sample_unless_it_couples_them) {
  const LossInputs all = inputs_of(logits(), labels());
  double sum = 0;
  for (std::int64_t i = 0; i < kBatch; ++i) {
    sum += loss_
               ->sum({all.features.slice(0, i, i + 1),
                      all.logits.slice(0, i, i + 1),
                      all.class_vectors,
                      all.labels.slice(0, i, i + 1)})
               .item<double>();
  }
  const at::Tensor together = loss_->sum(all);
  EXPECT_EQ(together.dim(), 0);
  EXPECT_EQ(together.scalar_type(), at::kFloat);
  const bool adds_up = std::abs(together.item<double>() - sum) < 1e-5 * std::abs(sum);
  EXPECT_EQ(adds_up, !loss_spec(GetParam()).couples_samples);
}

TEST_P(EveryLoss, has_a_finite_gradient) {
  LossInputs inputs = inputs_of(logits().requires_grad_(), labels());
  inputs.features.requires_grad_();
  loss_->sum(inputs).backward();
  double length = 0;
  for (const at::Tensor& input : {inputs.features, inputs.logits}) {
    if (input.grad().defined()) length += input.grad().norm().item<double>();
  }
  EXPECT_TRUE(std::isfinite(length));
  EXPECT_GT(length, 0);
}

TEST_P(EveryLoss, falls_along_its_gradient) {
  LossInputs inputs = inputs_of(logits().requires_grad_(), labels());
  inputs.features.requires_grad_();
  const at::Tensor before = loss_->sum(inputs);
  before.backward();
  for (at::Tensor* input : {&inputs.features, &inputs.logits}) {
    if (input->grad().defined()) *input = input->detach() - 1e-3 * input->grad();
  }
  EXPECT_LT(loss_->sum(inputs).item<float>(), before.item<float>());
}

TEST_P(EveryLoss, is_evaluated_in_double) {
  const LossInputs inputs = inputs_of(logits(), labels());
  const double evaluated = evaluated_loss(*loss_, inputs);
  EXPECT_NEAR(evaluated, loss_->sum(inputs).item<double>(), 1e-5 * std::abs(evaluated));
  const LossInputs halves = inputs_of(logits().to(at::kBFloat16), labels());
  EXPECT_NEAR(evaluated_loss(*loss_, halves), evaluated, 0.05 * std::abs(evaluated));
}

INSTANTIATE_TEST_SUITE_P(Losses,
                         EveryLoss,
                         testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const ComponentSpec& spec : catalog(Family::kLoss))
                             names.push_back(spec.name);
                           return names;
                         }()),
                         [](const auto& loss) { return loss.param; });

TEST(Loss, has_the_values_and_gradients_of_pytorch) {
  const auto fixture = nlohmann::json::parse(std::ifstream(model_fixture("heads_and_losses.json")));
  for (const auto& [name, expected] : fixture.at("losses").items()) {
    const auto loss = make_loss(loss_config(expected.at("name"), expected.at("options")));
    const at::Tensor scores = logits().requires_grad_();
    const at::Tensor sum = loss->sum(inputs_of(scores, labels()));
    sum.backward();
    EXPECT_NEAR(sum.item<double>(), expected.at("loss"), 1e-6 * sum.item<double>()) << name;
    std::vector<double> gradient;
    for (const auto& row : expected.at("logits_gradient")) {
      for (const auto& value : row) gradient.push_back(value.get<double>());
    }
    const at::Tensor wanted = at::tensor(gradient).view({kBatch, kClasses}).to(at::kFloat);
    EXPECT_TRUE(at::allclose(scores.grad(), wanted, 1e-5, 1e-5)) << name;
  }
}

double mse(std::initializer_list<double> scores, const nlohmann::json& changes = {}) {
  const at::Tensor row = at::tensor(std::vector<double>(scores)).view({1, -1});
  return make_loss(loss_config("mse", changes))
      ->sum(inputs_of(row, at::tensor({std::int64_t{0}})))
      .item<double>();
}

TEST(MseLoss, is_the_squared_distance_to_the_target_over_the_classes) {
  EXPECT_DOUBLE_EQ(mse({1, 0, 0}), 0);
  EXPECT_DOUBLE_EQ(mse({0, 0, 0, 0}), 0.25);
  EXPECT_DOUBLE_EQ(mse({0.5, 2}), (0.25 + 4) / 2);
}

TEST(MseLoss, kappa_weighs_the_right_class_and_target_moves_it) {
  EXPECT_DOUBLE_EQ(mse({28, 1}, {{"kappa", 15.0}, {"target", 30.0}}), (15 * 4 + 1) / 2.0);
  EXPECT_DOUBLE_EQ(mse({30, 0}, {{"kappa", 15.0}, {"target", 30.0}}), 0);
}

TEST(CrossEntropyLoss, smooths_labels_in_training_only) {
  const auto plain = make_loss(loss_config("cross_entropy"));
  const auto smoothed = make_loss(loss_config("cross_entropy", {{"label_smoothing", 0.1}}));
  const LossInputs inputs = inputs_of(logits(), labels());
  EXPECT_NE(smoothed->sum(inputs).item<float>(), plain->sum(inputs).item<float>());
  EXPECT_EQ(evaluated_loss(*smoothed, inputs), evaluated_loss(*plain, inputs));
}

TEST(Loss, options_that_are_left_out_have_their_defaults) {
  const LossInputs inputs = inputs_of(logits(), labels());
  EXPECT_EQ(make_loss({})->sum(inputs).item<float>(),
            make_loss(loss_config("cross_entropy"))->sum(inputs).item<float>());
  EXPECT_THROW(make_loss({.name = "cros_entropy", .options = {}}), ConfigError);
}

}  // namespace
}  // namespace headway
