#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "support/reference_model.h"
#include "unit/models/head_setup.h"

namespace headway {
namespace {

constexpr std::int64_t kFeatures = 6;
constexpr std::int64_t kClasses = 4;

at::Tensor some_class_vectors() {
  return reference_images("W", {kClasses, kFeatures});
}
at::Tensor some_features() {
  return reference_images("z", {5, kFeatures});
}

/// Vertices of a regular simplex in K dimensions, unit length: sqrt(K / (K - 1)) (I - 1/K).
at::Tensor simplex(std::int64_t classes) {
  const double k = static_cast<double>(classes);
  at::Tensor matrix = at::full({classes, classes}, -1 / k, at::kFloat);
  matrix.diagonal().add_(1);
  return matrix * std::sqrt(k / (k - 1));
}

const Parameter* find_parameter(const ParameterSet& parameters, const std::string& name) {
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

/// What every head in the table must keep.
class EveryHead : public ::testing::TestWithParam<std::string> {
 protected:
  HeadConfig config_ = head_config(GetParam());
  const HeadSpec& spec_ = head_spec(GetParam());
  at::Tensor labels_ = reference_labels("y", 5, kClasses);
};

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

TEST_P(EveryHead, gives_one_logit_per_class) {
  for (const bool learned : {true, false}) {
    BuiltHead built(config_, some_class_vectors(), learned);
    const at::Tensor logits = built.head->forward(some_features(), false);
    EXPECT_EQ(logits.sizes(), (at::IntArrayRef{5, kClasses}));
    EXPECT_EQ(logits.scalar_type(), at::kFloat);
  }
}

TEST_P(EveryHead, starts_from_the_drawn_class_vectors_learned_or_fixed) {
  for (const bool learned : {true, false}) {
    const BuiltHead built(config_, some_class_vectors(), learned);
    EXPECT_TRUE(at::equal(built.head->class_vectors(), some_class_vectors()));
    const Parameter* parameter = find_parameter(built.parameters, "linear.weight");
    EXPECT_EQ(parameter != nullptr, learned);
    if (learned) {
      EXPECT_EQ(parameter->kind, ParameterKind::kClassVectors);
    } else {
      const auto& buffers = built.parameters.buffers();
      const auto vectors = std::ranges::find(
          buffers, "linear.weight", [](const Buffer& buffer) { return buffer.name; });
      ASSERT_NE(vectors, buffers.end());
      EXPECT_FALSE(vectors->per_shard);
    }
  }
}

TEST_P(EveryHead, sends_gradients_to_the_features_and_to_what_is_learned) {
  for (const bool learned : {true, false}) {
    BuiltHead built(config_, some_class_vectors(), learned);
    const at::Tensor z = some_features().requires_grad_();
    at::cross_entropy_loss(built.head->forward(z, false), reference_labels("y", 5, kClasses))
        .backward();
    EXPECT_GT(z.grad().abs().max().item<float>(), 0);
    for (const Parameter& parameter : built.parameters.parameters()) {
      ASSERT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
      EXPECT_GT(parameter.tensor.grad().abs().max().item<float>(), 0) << parameter.name;
    }
    EXPECT_EQ(built.head->class_vectors().grad().defined(), learned);
  }
}

TEST_P(EveryHead, computes_in_float32_under_bfloat16_autocast) {
  BuiltHead built(config_, some_class_vectors(), true);
  const at::Tensor z = some_features().to(at::kBFloat16);
  const at::Tensor exact = built.head->forward(z.to(at::kFloat), false);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor logits = built.head->forward(z, false);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(logits.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(logits, exact));
}

TEST_P(EveryHead, looks_its_tensors_up_at_every_pass) {
  BuiltHead built(config_, some_class_vectors(), true);
  const at::Tensor before = built.head->forward(some_features(), false);
  at::Tensor& weight = built.parameters.parameters().front().tensor;
  weight = weight.detach().flip(0).requires_grad_();
  EXPECT_TRUE(at::allclose(built.head->forward(some_features(), false), before.flip(1), 1e-5));
  EXPECT_TRUE(at::equal(built.head->class_vectors(), weight));
}

TEST_P(EveryHead, refuses_features_of_another_size) {
  BuiltHead built(config_, some_class_vectors(), true);
  EXPECT_THROW(built.head->forward(reference_images("z", {5, kFeatures + 1}), false),
               std::logic_error);
}

TEST_P(EveryHead, asks_labels_for_the_training_logits_of_the_right_class_and_no_other) {
  BuiltHead built(config_, some_class_vectors(), true);
  const at::Tensor logits = built.head->forward(some_features(), true);
  const at::Tensor with_margin = built.head->with_margin(logits, labels_);
  const at::Tensor is_target = at::one_hot(labels_, kClasses).to(at::kBool);
  const at::Tensor differs = with_margin.ne(logits);
  EXPECT_TRUE(at::equal(differs, spec_.needs_labels ? is_target : at::zeros_like(differs)));
}

TEST_P(EveryHead, sends_gradients_through_a_margin) {
  BuiltHead built(config_, some_class_vectors(), false);
  const at::Tensor z = some_features().requires_grad_();
  built.head->with_margin(built.head->forward(z, true), labels_).sum().backward();
  EXPECT_GT(z.grad().abs().amin().item<float>(), 0);
}

TEST_P(EveryHead, ignores_lengths_where_its_spec_says_so) {
  BuiltHead built(config_, some_class_vectors(), true);
  BuiltHead longer(config_, 7 * some_class_vectors(), true);
  const at::Tensor logits = built.head->forward(some_features(), false);
  const auto same = [&](const at::Tensor& others) {
    return at::allclose(others, logits, 1e-5, 1e-5);
  };
  EXPECT_EQ(same(built.head->forward(0.1 * some_features(), false)), spec_.normalises_features);
  EXPECT_EQ(same(longer.head->forward(some_features(), false)), spec_.normalises_class_vectors);
}

TEST_P(EveryHead, has_the_bias_and_the_rows_that_its_spec_says) {
  BuiltHead built(config_, some_class_vectors(), true);
  if (!spec_.has_bias()) {
    EXPECT_FALSE(built.head->bias().has_value());
  }
  EXPECT_EQ(built.head->prototypes().size(0), kClasses * spec_.rows_per_class);
  EXPECT_EQ(built.head->prototypes().size(1), built.head->class_vectors().size(1));
}

TEST_P(EveryHead, names_a_loss_that_there_is) {
  EXPECT_NE(find_component(Family::kLoss, spec_.default_loss), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Heads, EveryHead, ::testing::ValuesIn(heads().names()), name_of);

class EveryHeadWithBias : public EveryHead {};

std::vector<std::string> heads_with_bias() {
  std::vector<std::string> names = heads().names();
  std::erase_if(names, [](const std::string& name) { return !head_spec(name).has_bias(); });
  return names;
}

TEST_P(EveryHeadWithBias, has_the_bias_that_was_asked_for) {
  for (const std::string bias : {"none", "learned", "frozen"}) {
    config_.options.values()["bias"] = bias;
    const BuiltHead built(config_, some_class_vectors(), true);
    const std::optional<at::Tensor> found = built.head->bias();
    EXPECT_EQ(found.has_value(), bias != "none");
    EXPECT_EQ(find_parameter(built.parameters, "linear.bias") != nullptr, bias == "learned");
    EXPECT_EQ(built.parameters.buffers().size(), bias == "frozen" ? 1 : 0);
    if (found) {
      EXPECT_TRUE(at::equal(found->detach(), at::full({kClasses}, 0.01, at::kFloat)));
    }
  }
}

TEST_P(EveryHeadWithBias, adds_the_bias_to_the_logits) {
  const at::Tensor without =
      BuiltHead(config_, some_class_vectors(), true).head->forward(some_features(), false);
  config_.options.values()["bias"] = "frozen";
  const at::Tensor with =
      BuiltHead(config_, some_class_vectors(), true).head->forward(some_features(), false);
  EXPECT_TRUE(at::allclose(with, without + 0.01, 1e-5, 1e-6));
}

TEST_P(EveryHeadWithBias, refuses_an_unknown_kind_of_bias) {
  config_.options.values()["bias"] = "learnt";
  EXPECT_THROW(BuiltHead(config_, some_class_vectors(), true), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Heads, EveryHeadWithBias, ::testing::ValuesIn(heads_with_bias()), name_of);

TEST(DotHead, is_a_linear_layer) {
  BuiltHead built(head_config("dot"), some_class_vectors(), true);
  const at::Tensor z = some_features();
  const at::Tensor logits = built.head->forward(z, false);
  for (int b = 0; b < 5; ++b) {
    for (int k = 0; k < kClasses; ++k) {
      EXPECT_NEAR(
          logits[b][k].item<float>(), (z[b] * some_class_vectors()[k]).sum().item<float>(), 1e-5);
    }
  }
}

TEST(CosineHead, reaches_the_closed_form_loss_on_a_simplex) {
  // z = w_y: p_y = 1 / (1 + 9 e^(-s 10/9)). At s = 1 the loss is 1.376935.
  for (const double scale : {1.0, 5.0}) {
    BuiltHead built(head_config("cosine", {{"scale", scale}}), simplex(10), false);
    const at::Tensor labels = reference_labels("y", 8, 10);
    const at::Tensor logits = built.head->forward(3 * simplex(10).index_select(0, labels), false);
    EXPECT_NEAR(at::cross_entropy_loss(logits, labels).item<float>(),
                std::log(1 + 9 * std::exp(-scale * 10 / 9)),
                1e-5);
  }
}

TEST(CosineHead, gradient_is_orthogonal_to_the_feature_and_shrinks_with_its_length) {
  BuiltHead built(head_config("cosine"), some_class_vectors(), false);
  const auto gradient = [&](double length) {
    const at::Tensor z = (length * some_features()).requires_grad_();
    at::cross_entropy_loss(built.head->forward(z, false), reference_labels("y", 5, kClasses))
        .backward();
    return z.grad();
  };
  EXPECT_TRUE(at::allclose((gradient(1) * some_features()).sum(1), at::zeros({5}), 0, 1e-5));
  EXPECT_TRUE(at::allclose(gradient(4), gradient(1) / 4, 1e-3, 1e-6));
}

TEST(CosineHead, a_zero_feature_has_zero_cosines_and_no_gradient) {
  BuiltHead built(head_config("cosine"), some_class_vectors(), true);
  const at::Tensor z = at::zeros({1, kFeatures}).requires_grad_();
  const at::Tensor logits = built.head->forward(z, false);
  EXPECT_TRUE(at::equal(logits.detach(), at::zeros({1, kClasses})));
  at::cross_entropy_loss(logits, at::zeros({1}, at::kLong)).backward();
  EXPECT_TRUE(at::equal(z.grad(), at::zeros({1, kFeatures})));
}

TEST(CosineHead, a_learned_scale_gets_the_gradient_of_the_formula) {
  const HeadConfig config = head_config("cosine", {{"scale", 4.0}, {"learned_scale", true}});
  BuiltHead built(config, some_class_vectors(), false);
  const Parameter* scale = find_parameter(built.parameters, "linear.scale");
  ASSERT_NE(scale, nullptr);
  EXPECT_EQ(scale->kind, ParameterKind::kScale);
  const at::Tensor labels = reference_labels("y", 5, kClasses);
  const at::Tensor logits = built.head->forward(some_features(), false);
  at::cross_entropy_loss(logits, labels).backward();
  at::Tensor residual =
      logits.detach().softmax(1);  // dL/ds = mean over b of (p_k - 1[k = y]) cos_k
  for (int b = 0; b < 5; ++b) residual[b][labels[b].item<std::int64_t>()].sub_(1);
  const at::Tensor expected = (residual * logits.detach() / 4).sum() / 5;
  EXPECT_NEAR(scale->tensor.grad().item<float>(), expected.item<float>(), 1e-5);
}

TEST(CosineHead, a_learned_scale_stays_at_its_floor_and_can_leave_it) {
  const HeadConfig config = head_config("cosine", {{"scale", 0.001}, {"learned_scale", true}});
  BuiltHead built(config, some_class_vectors(), false);
  BuiltHead at_floor(head_config("cosine", {{"scale", 0.01}}), some_class_vectors(), false);
  const at::Tensor logits = built.head->forward(some_features(), false);
  EXPECT_TRUE(at::allclose(logits, at_floor.head->forward(some_features(), false), 1e-5));
  logits.pow(2).sum().backward();
  EXPECT_NE(find_parameter(built.parameters, "linear.scale")->tensor.grad().item<float>(), 0);
}

}  // namespace
}  // namespace headway
