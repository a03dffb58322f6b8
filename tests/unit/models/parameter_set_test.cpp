#include "models/parameter_set.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace headway {
namespace {

at::Tensor drawn(std::int64_t seed, const std::string& name, at::IntArrayRef shape) {
  ParameterSet parameters(seed);
  return parameters.parameter(parameters.add_uniform(name, ParameterKind::kWeight, shape, 0.5));
}

TEST(ParameterSet, a_uniform_draw_depends_on_seed_and_name_alone) {
  ParameterSet parameters(7);
  parameters.add_uniform("first", ParameterKind::kWeight, {5, 5}, 1.0);
  const std::size_t index = parameters.add_uniform("a", ParameterKind::kWeight, {3, 4}, 0.5);
  EXPECT_TRUE(at::equal(parameters.parameter(index), drawn(7, "a", {3, 4})));
  EXPECT_FALSE(at::equal(drawn(7, "b", {3, 4}), drawn(7, "a", {3, 4})));
  EXPECT_FALSE(at::equal(drawn(8, "a", {3, 4}), drawn(7, "a", {3, 4})));
}

TEST(ParameterSet, a_uniform_draw_fills_its_interval) {
  const at::Tensor values = drawn(1, "w", {100, 100}).detach();
  EXPECT_GE(values.min().item<float>(), -0.5F);
  EXPECT_LT(values.max().item<float>(), 0.5F);
  // 10^4 draws: the mean strays by 0.5 / sqrt(3) / 100 = 0.0029, the variance is 1 / 12.
  EXPECT_NEAR(values.mean().item<float>(), 0, 4 * 0.0029);
  EXPECT_NEAR(values.var().item<float>(), 1 / 12.0, 0.003);
}

TEST(ParameterSet, parameters_are_contiguous_leaves_that_require_gradients) {
  ParameterSet parameters(0);
  parameters.add_uniform("uniform", ParameterKind::kWeight, {2, 3, 3, 3}, 1.0);
  parameters.add_constant("constant", ParameterKind::kBatchNorm, {4}, 1.0);
  parameters.add_constant("scalar", ParameterKind::kScale, {}, 20.0);
  parameters.add_values("values", ParameterKind::kBias, at::zeros({3, 2}).t());
  for (const Parameter& parameter : parameters.parameters()) {
    EXPECT_TRUE(parameter.tensor.is_contiguous()) << parameter.name;
    EXPECT_TRUE(parameter.tensor.is_leaf() && parameter.tensor.requires_grad()) << parameter.name;
    EXPECT_EQ(parameter.tensor.scalar_type(), at::kFloat) << parameter.name;
  }
  EXPECT_EQ(parameters.parameter(2).dim(), 0);
  EXPECT_EQ(parameters.parameter(2).item<float>(), 20.0F);
}

TEST(ParameterSet, values_and_buffers_are_copies) {
  ParameterSet parameters(0);
  at::Tensor original = at::zeros({3});
  const std::size_t value = parameters.add_values("value", ParameterKind::kBias, original);
  const std::size_t buffer = parameters.add_buffer("buffer", original, true);
  original.fill_(1);
  EXPECT_EQ(parameters.parameter(value).sum().item<float>(), 0);
  EXPECT_EQ(parameters.buffer(buffer).sum().item<float>(), 0);
  EXPECT_FALSE(parameters.buffer(buffer).requires_grad());
  EXPECT_TRUE(parameters.buffers().front().per_shard);
}

TEST(ParameterSet, a_name_can_be_taken_only_once) {
  ParameterSet parameters(0);
  parameters.add_constant("weight", ParameterKind::kWeight, {1}, 0);
  EXPECT_THROW(parameters.add_uniform("weight", ParameterKind::kWeight, {1}, 1), std::logic_error);
  EXPECT_THROW(parameters.add_buffer("weight", at::zeros({1}), false), std::logic_error);
}

}  // namespace
}  // namespace headway
