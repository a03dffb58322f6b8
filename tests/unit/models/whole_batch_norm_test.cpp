// Batch norm by statistics that come from an exchange.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "models/layers/batch_norm/fused_batch_norm.h"
#include "models/layers/batch_norm/unfused_batch_norm.h"
#include "support/reference_model.h"

namespace headway {
namespace {

constexpr std::int64_t kChannels = 6;

/// An exchange with no one else, or with a shard that is exactly like this one.
class Fellows final : public StatisticsExchange {
 public:
  explicit Fellows(std::int64_t alike) : alike_(alike) {}

  ChannelStatistics of_whole_batch(StatisticsKind kind, ChannelStatistics own) override {
    kinds.push_back(kind);
    own.rows *= alike_;
    for (double& value : own.second) value *= static_cast<double>(alike_);
    if (kind == StatisticsKind::kMoments) return own;  // the mean stays
    for (double& value : own.first) value *= static_cast<double>(alike_);
    return own;
  }

  std::vector<StatisticsKind> kinds;

 private:
  std::int64_t alike_;
};

BatchNormTensors tensors() {
  return {(reference_images("weight", {kChannels}) + 1).set_requires_grad(true),
          reference_images("bias", {kChannels}).set_requires_grad(true),
          reference_images("mean", {kChannels}),
          reference_images("variance", {kChannels}) + 2};
}

/// Everything that a step of batch norm changes or gives.
struct Outcome {
  at::Tensor y;
  at::Tensor grad_x;
  BatchNormTensors tensors;

  std::vector<std::pair<const char*, at::Tensor>> all() const {
    return {{"y", y.detach()},
            {"grad_x", grad_x},
            {"grad_weight", tensors.weight.grad()},
            {"grad_bias", tensors.bias.grad()},
            {"running_mean", tensors.running_mean},
            {"running_var", tensors.running_var}};
  }
};

template <typename Forward>
Outcome step(at::ScalarType type, const Forward& forward) {
  at::Tensor x = (reference_images("x", {5, kChannels, 4, 3}) * 3 + 2)
                     .to(type)
                     .contiguous(at::MemoryFormat::ChannelsLast)
                     .set_requires_grad(true);
  Outcome outcome{.y = {}, .grad_x = {}, .tensors = tensors()};
  outcome.y = forward(x, outcome.tensors);
  outcome.y.backward(reference_images("grad_y", outcome.y.sizes()).to(type));
  outcome.grad_x = x.grad();
  return outcome;
}

Outcome fused_step(at::ScalarType type, StatisticsExchange* exchange) {
  return step(type, [&](const at::Tensor& x, const BatchNormTensors& tensors) {
    return fused_batch_norm(x, std::nullopt, tensors, {.training = true, .exchange = exchange})
        .first;
  });
}

Outcome unfused_step(at::ScalarType type, StatisticsExchange& exchange) {
  return step(type, [&](const at::Tensor& x, const BatchNormTensors& tensors) {
    return unfused_batch_norm(x, tensors, exchange);
  });
}

class WholeBatchNorm : public testing::TestWithParam<at::ScalarType> {};

TEST_P(WholeBatchNorm, an_exchange_with_no_one_else_changes_no_bit) {
  Fellows alone(1);
  const Outcome with = fused_step(GetParam(), &alone);
  const Outcome without = fused_step(GetParam(), nullptr);
  for (std::size_t i = 0; i < with.all().size(); ++i) {
    EXPECT_TRUE(at::equal(with.all()[i].second, without.all()[i].second)) << with.all()[i].first;
  }
  EXPECT_EQ(alone.kinds, (std::vector{StatisticsKind::kMoments, StatisticsKind::kGradientSums}));
}

// Twice the same images have the mean and the biased variance of once, so only the running
// variance tells, by N / (N - 1).
TEST_P(WholeBatchNorm, a_fellow_alike_changes_the_unbiased_variance_only) {
  Fellows two(2);
  const Outcome with = fused_step(GetParam(), &two);
  const Outcome without = fused_step(GetParam(), nullptr);
  for (std::size_t i = 0; i + 1 < with.all().size(); ++i) {
    EXPECT_TRUE(at::allclose(with.all()[i].second, without.all()[i].second, 1e-5, 1e-6))
        << with.all()[i].first;
  }
  const double rows = 5 * 4 * 3;
  const at::Tensor start = tensors().running_var * 0.9;
  EXPECT_TRUE(at::allclose((with.tensors.running_var - start) / (2 * rows) * (2 * rows - 1),
                           (without.tensors.running_var - start) / rows * (rows - 1),
                           1e-4));
}

TEST_P(WholeBatchNorm, the_form_for_other_tensors_gives_what_the_fused_one_gives) {
  for (const std::int64_t alike : {1, 3}) {
    Fellows fellows(alike);
    const Outcome fused = fused_step(GetParam(), &fellows);
    const Outcome unfused = unfused_step(GetParam(), fellows);
    // bfloat16 has 8 significant bits: results of either may lie one apart.
    const double tolerance = GetParam() == at::kFloat ? 1e-5 : 1e-2;
    for (std::size_t i = 0; i < fused.all().size(); ++i) {
      const auto [name, wanted] = fused.all()[i];
      const at::Tensor found = unfused.all()[i].second;
      EXPECT_EQ(found.scalar_type(), wanted.scalar_type()) << name;
      EXPECT_TRUE(at::allclose(found, wanted, tolerance, tolerance)) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types,
                         WholeBatchNorm,
                         testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& param) {
                           return param.param == at::kFloat ? "fp32" : "bf16";
                         });

TEST(WholeBatch, of_one_value_per_channel_is_refused_with_and_without_an_exchange) {
  const at::Tensor x = at::full({1, kChannels, 1, 1}, 2.0);
  Fellows alone(1);
  Fellows two(2);
  for (StatisticsExchange* exchange :
       {static_cast<StatisticsExchange*>(nullptr), static_cast<StatisticsExchange*>(&alone)}) {
    EXPECT_THROW(
        fused_batch_norm(x, std::nullopt, tensors(), {.training = true, .exchange = exchange}),
        std::logic_error);
  }
  EXPECT_THROW(unfused_batch_norm(x, tensors(), alone), std::logic_error);
  EXPECT_NO_THROW(
      fused_batch_norm(x, std::nullopt, tensors(), {.training = true, .exchange = &two}));
}

}  // namespace
}  // namespace headway
