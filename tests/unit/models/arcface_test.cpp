// Closed forms and PyTorch's values: tests/fixtures/models/make_head_fixture.py.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "support/reference_model.h"
#include "unit/models/head_setup.h"
#include "unit/models/reference_file.h"

namespace headway {
namespace {

constexpr std::int64_t kFeatures = 6;
constexpr std::int64_t kClasses = 4;

struct Target {
  double value = 0;
  double gradient = 0;  // with respect to the cosine
};

/// What a head makes of the cosine with the right class's vector, for scale 1.
Target target_of(double cosine, const HeadConfig& config) {
  const BuiltHead built(config, at::eye(2, at::kFloat), false);
  const at::Tensor logits = at::tensor({cosine, 0.0}).to(at::kFloat).view({1, 2});
  logits.requires_grad_();
  const at::Tensor own = built.head->with_margin(logits, at::tensor({std::int64_t{0}}))[0][0];
  own.backward();
  return {own.item<double>(), logits.grad()[0][0].item<double>()};
}

HeadConfig unit_scale(std::initializer_list<std::pair<std::string, nlohmann::json>> changes = {}) {
  HeadConfig config = head_config("arcface", changes);
  config.options.values()["scale"] = 1.0;
  return config;
}

TEST(ArcfaceHead, adds_the_margin_to_the_angle_of_the_right_class) {
  EXPECT_NEAR(target_of(0.8, unit_scale()).value, 0.414411, 1e-6);
  const BuiltHead built(unit_scale(), at::eye(2, at::kFloat), false);
  const at::Tensor z = at::tensor({8.0, 6.0}).to(at::kFloat).view({1, 2});
  const at::Tensor logits = built.head->forward(z, true);
  const at::Tensor with_margin = built.head->with_margin(logits, at::tensor({std::int64_t{0}}));
  EXPECT_NEAR(with_margin[0][0].item<double>(), 0.414411, 1e-6);
  EXPECT_NEAR(with_margin[0][1].item<double>(), 0.6, 1e-6);
}

TEST(ArcfaceHead, goes_on_falling_beyond_pi_less_the_margin) {
  const Target beyond = target_of(-0.95, unit_scale());
  EXPECT_NEAR(beyond.value, -1.189713, 1e-6);
  EXPECT_NEAR(beyond.gradient, 1, 1e-6);
  const double edge = -std::cos(0.5);
  EXPECT_NEAR(target_of(edge + 1e-4, unit_scale()).value, -1, 1e-3);
  EXPECT_NEAR(target_of(edge - 1e-4, unit_scale()).value, edge - 0.5 * std::sin(0.5), 1e-3);
}

TEST(ArcfaceHead, has_the_derivative_of_the_cosine_of_the_sum) {
  for (const double cosine : {0.95, 0.8, 0.0, -0.5}) {
    const double angle = std::acos(cosine);
    EXPECT_NEAR(
        target_of(cosine, unit_scale()).gradient, std::sin(angle + 0.5) / std::sin(angle), 1e-4)
        << cosine;
  }
}

TEST(ArcfaceHead, an_easy_margin_acts_only_on_acute_angles) {
  const HeadConfig easy = unit_scale({{"easy_margin", true}});
  EXPECT_NEAR(target_of(0.8, easy).value, 0.414411, 1e-6);
  EXPECT_NEAR(target_of(-0.3, easy).value, -0.3, 1e-6);
  EXPECT_NEAR(target_of(-0.3, easy).gradient, 1, 1e-6);
}

TEST(ArcfaceHead, straight_through_has_the_gradient_of_the_cosine_and_no_other_branch) {
  const HeadConfig straight = unit_scale({{"margin_gradient", "straight_through"}});
  for (const double cosine : {0.8, -0.95}) {
    const Target target = target_of(cosine, straight);
    EXPECT_NEAR(target.value, std::cos(std::acos(cosine) + 0.5), 1e-5);
    EXPECT_NEAR(target.gradient, 1, 1e-6);
  }
}

TEST(ArcfaceHead, stays_finite_where_the_feature_lies_on_its_class_vector) {
  for (const double sign : {1.0, -1.0}) {
    const BuiltHead built(head_config("arcface"), at::eye(2, at::kFloat), true);
    const at::Tensor z = at::tensor({sign, 0.0}).to(at::kFloat).view({1, 2});
    z.requires_grad_();
    const at::Tensor labels = at::tensor({std::int64_t{0}});
    const at::Tensor logits = built.head->forward(z, true);
    at::cross_entropy_loss(built.head->with_margin(logits, labels), labels).backward();
    EXPECT_TRUE(at::isfinite(z.grad()).all().item<bool>());
    EXPECT_TRUE(at::isfinite(built.head->class_vectors().grad()).all().item<bool>());
  }
  EXPECT_NEAR(target_of(1, unit_scale()).value, std::cos(0.5), 1e-6);
}

TEST(ArcfaceHead, without_a_margin_is_the_cosine_head) {
  const at::Tensor vectors = reference_images("W", {kClasses, kFeatures});
  const at::Tensor z = reference_images("z", {5, kFeatures});
  const BuiltHead arcface(
      head_config("arcface", {{"scale", 16.0}, {"margin", 0.0}}), vectors, true);
  const BuiltHead cosine(head_config("cosine", {{"scale", 16.0}}), vectors, true);
  const at::Tensor logits = arcface.head->forward(z, true);
  EXPECT_TRUE(at::equal(logits, cosine.head->forward(z, true)));
  EXPECT_TRUE(at::allclose(
      arcface.head->with_margin(logits, reference_labels("y", 5, kClasses)), logits, 1e-5, 1e-5));
}

nlohmann::json fixture() {
  return nlohmann::json::parse(std::ifstream(model_fixture("heads_and_losses.json")));
}

at::Tensor matrix_of(const nlohmann::json& rows) {
  std::vector<double> values;
  for (const auto& row : rows) {
    for (const auto& value : row) values.push_back(value.get<double>());
  }
  return at::tensor(values).view({static_cast<std::int64_t>(rows.size()), -1}).to(at::kFloat);
}

TEST(ArcfaceHead, has_the_logits_and_gradients_of_pytorch) {
  const at::Tensor labels = reference_labels("y", 5, kClasses);
  const at::Tensor vectors = reference_images("W", {kClasses, kFeatures});
  at::Tensor z = reference_images("z", {5, kFeatures});
  z[0] = 0.05 * z[0] - vectors[labels[0].item<std::int64_t>()];
  for (const auto& [name, expected] : fixture().at("arcface").items()) {
    const BuiltHead built(
        {.name = "arcface", .options = Options(expected.at("options"))}, vectors, true);
    const at::Tensor features = z.clone().requires_grad_();
    const at::Tensor logits = built.head->with_margin(built.head->forward(features, true), labels);
    at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).backward();
    EXPECT_TRUE(at::allclose(logits, matrix_of(expected.at("logits")), 1e-5, 1e-4)) << name;
    EXPECT_TRUE(
        at::allclose(features.grad(), matrix_of(expected.at("features_gradient")), 1e-4, 1e-4))
        << name;
    EXPECT_TRUE(at::allclose(built.head->class_vectors().grad(),
                             matrix_of(expected.at("class_vectors_gradient")),
                             1e-4,
                             1e-4))
        << name;
  }
}

}  // namespace
}  // namespace headway
