#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/errors.h"
#include "models/executor/encoder.h"
#include "support/reference_model.h"
#include "support/smallest_side.h"
#include "unit/models/encoder_setup.h"

namespace headway {
namespace {

std::int64_t count_elements(const ParameterSet& parameters) {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters.parameters()) count += parameter.tensor.numel();
  return count;
}

std::vector<std::string> encoder_names() {
  std::vector<std::string> names;
  for (const ComponentSpec& spec : catalog(Family::kEncoder)) names.push_back(spec.name);
  return names;
}

/// What every encoder in the table must keep.
class EveryEncoder : public ::testing::TestWithParam<std::string> {
 protected:
  at::Tensor images(std::int64_t count) const {
    return reference_images("x", {count, image_.channels, image_.height, image_.width});
  }

  EncoderConfig config_ = encoder_config(GetParam(), {{"width", 4}});
  std::int64_t side_ = smallest_side(config_, 16);
  ImageShape image_{3, side_, side_ + 4};
};

TEST_P(EveryEncoder, gives_a_feature_vector_per_image) {
  for (const std::string pooling : {"global", "flatten"}) {
    config_.options.values()["pooling"] = pooling;
    BuiltEncoder built(config_, image_);
    const at::Tensor z = built.encoder->forward(images(5), true);
    EXPECT_EQ(z.sizes(), (at::IntArrayRef{5, built.encoder->feature_size()}));
    EXPECT_EQ(z.scalar_type(), at::kFloat);
    EXPECT_TRUE(z.isfinite().all().item<bool>());
  }
}

TEST_P(EveryEncoder, agrees_with_the_catalog_on_sizes) {
  for (const std::string pooling : {"global", "average4", "flatten"}) {
    for (const std::int64_t side : {32, 64, 96}) {
      config_.options.values()["pooling"] = pooling;
      if (smallest_side(config_) > side) {
        EXPECT_THROW(BuiltEncoder(config_, {3, side, side}), ConfigError) << pooling << side;
        continue;
      }
      const BuiltEncoder built(config_, {3, side, side});
      const EncoderSummary shape = summarise_encoder(config_, {3, side, side});
      EXPECT_EQ(built.encoder->feature_size(), shape.feature_size) << pooling << side;
      EXPECT_EQ(count_elements(built.parameters), shape.parameter_count);
    }
  }
}

TEST_P(EveryEncoder, gives_features_of_the_sign_that_its_summary_tells) {
  BuiltEncoder built(config_, image_);
  const at::Tensor z = built.encoder->forward(images(9), true);
  const bool non_negative = summarise_encoder(config_, image_).non_negative_features;
  EXPECT_EQ(z.min().item<float>() >= 0, non_negative);
}

TEST_P(EveryEncoder, computes_the_same_in_evaluation_whether_or_not_gradients_are_recorded) {
  BuiltEncoder built(config_, image_);
  const at::Tensor x = images(5);
  const at::Tensor recorded = built.encoder->forward(x, false).detach();
  const at::NoGradGuard no_gradients;
  EXPECT_TRUE(at::allclose(built.encoder->forward(x, false), recorded, 1e-4, 1e-5));
}

TEST_P(EveryEncoder, has_the_same_bits_when_a_pass_is_repeated) {
  const at::Tensor x = images(5);
  std::vector<std::vector<at::Tensor>> results;
  for (int pass = 0; pass < 2; ++pass) {
    BuiltEncoder built(config_, image_);
    const at::Tensor z = built.encoder->forward(x, true);
    z.mul(reference_images("cotangent", z.sizes())).sum().backward();
    std::vector<at::Tensor>& result = results.emplace_back();
    result.push_back(z.detach());
    for (const Parameter& parameter : built.parameters.parameters()) {
      result.push_back(parameter.tensor.grad());
    }
    for (const Buffer& buffer : built.parameters.buffers()) result.push_back(buffer.tensor);
  }
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_TRUE(at::equal(results[0][i], results[1][i])) << "tensor " << i;
  }
}

TEST_P(EveryEncoder, names_every_tensor_once) {
  const BuiltEncoder built(config_, image_);
  std::set<std::string> names;
  for (const Parameter& parameter : built.parameters.parameters()) names.insert(parameter.name);
  for (const Buffer& buffer : built.parameters.buffers()) names.insert(buffer.name);
  EXPECT_EQ(names.size(), built.parameters.parameters().size() + built.parameters.buffers().size());
}

TEST_P(EveryEncoder, sends_a_gradient_to_every_parameter) {
  BuiltEncoder built(config_, image_);
  const at::Tensor z = built.encoder->forward(images(5), true);
  z.mul(reference_images("cotangent", z.sizes())).sum().backward();
  for (const Parameter& parameter : built.parameters.parameters()) {
    ASSERT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
    EXPECT_GT(parameter.tensor.grad().abs().max().item<float>(), 0) << parameter.name;
  }
}

TEST_P(EveryEncoder, starts_alike_from_one_seed_and_otherwise_from_another) {
  const at::Tensor x = images(2);
  const auto features = [&](std::int64_t seed) {
    return BuiltEncoder(config_, image_, seed).encoder->forward(x, false);
  };
  EXPECT_TRUE(at::equal(features(3), features(3)));
  EXPECT_FALSE(at::equal(features(3), features(4)));
}

TEST_P(EveryEncoder, does_not_care_for_the_order_of_memory) {
  for (const std::int64_t channels : {1, 3}) {
    image_.channels = channels;
    BuiltEncoder built(config_, image_);
    const at::Tensor plain = images(2);
    const at::Tensor z = built.encoder->forward(plain, false);
    for (Parameter& parameter : built.parameters.parameters()) {
      if (parameter.tensor.dim() != 4) continue;
      parameter.tensor =
          parameter.tensor.detach().contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    }
    const at::Tensor reordered = plain.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(at::allclose(built.encoder->forward(reordered, false), z, 1e-4, 1e-5));
  }
}

TEST_P(EveryEncoder, looks_its_tensors_up_at_every_pass) {
  BuiltEncoder built(config_, image_);
  const at::Tensor x = images(2);
  const at::Tensor before = built.encoder->forward(x, true);
  for (Parameter& parameter : built.parameters.parameters()) {
    parameter.tensor = (parameter.tensor.detach() * 0.5).requires_grad_();
  }
  for (Buffer& buffer : built.parameters.buffers()) buffer.tensor = buffer.tensor.clone();
  const at::Tensor after = built.encoder->forward(x, true);
  EXPECT_FALSE(at::allclose(before, after));
  after.sum().backward();
  EXPECT_TRUE(built.parameters.parameters().front().tensor.grad().defined());
  EXPECT_EQ(built.parameters.buffer(2).item<std::int64_t>(), 2);  // num_batches_tracked
}

TEST_P(EveryEncoder, stays_close_under_bfloat16) {
  BuiltEncoder built(config_, image_);
  const at::Tensor x = images(8);
  const at::Tensor exact = built.encoder->forward(x, true).detach();
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor z = built.encoder->forward(x, true);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(z.scalar_type(), at::kBFloat16);
  z.to(at::kFloat).sum().backward();
  for (const Parameter& parameter : built.parameters.parameters()) {
    EXPECT_EQ(parameter.tensor.grad().scalar_type(), at::kFloat) << parameter.name;
  }
  // How far rounding goes depends on the network: the more layers one behind the other, the
  // further.
  for (Parameter& parameter : built.parameters.parameters()) {
    if (parameter.tensor.dim() == 4) {
      parameter.tensor = parameter.tensor.detach().to(at::kBFloat16).to(at::kFloat);
    }
  }
  const at::Tensor with_rounded_weights =
      built.encoder->forward(x.to(at::kBFloat16).to(at::kFloat), true).detach();
  EXPECT_LT((z.detach().to(at::kFloat) - exact).norm().item<float>(),
            4 * (with_rounded_weights - exact).norm().item<float>());
}

TEST_P(EveryEncoder, refuses_images_and_poolings_that_leave_no_features) {
  const std::int64_t side = smallest_side(config_);
  const BuiltEncoder smallest(config_, {1, side, side});
  EXPECT_GT(smallest.encoder->feature_size(), 0);
  config_.options.values()["pooling"] = "average4";
  EXPECT_THROW(BuiltEncoder(config_, {3, side, side}), ConfigError);
  config_.options.values()["pooling"] = "mean";
  EXPECT_THROW(BuiltEncoder(config_, image_), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Encoders,
                         EveryEncoder,
                         ::testing::ValuesIn(encoder_names()),
                         [](const auto& name) { return name.param; });

TEST(ResNet18, has_the_published_number_of_parameters) {
  const auto count = [](std::int64_t width, std::int64_t channels) {
    const BuiltEncoder built(encoder_config("resnet18", {{"width", width}}), {channels, 32, 32});
    return count_elements(built.parameters);
  };
  EXPECT_EQ(count(64, 3), 11'168'832);
  EXPECT_EQ(count(64, 1), 11'167'680);
  EXPECT_EQ(count(16, 3), 700'176);
  EXPECT_EQ(count(16, 1), 699'888);
  EXPECT_EQ(count(8, 3), 175'752);
}

TEST(ResNet18, has_the_published_feature_sizes) {
  const auto features = [](std::int64_t side, const char* pooling) {
    const EncoderConfig config = encoder_config("resnet18", {{"pooling", pooling}, {"width", 64}});
    return BuiltEncoder(config, {3, side, side}).encoder->feature_size();
  };
  EXPECT_EQ(features(28, "global"), 512);
  EXPECT_EQ(features(28, "average4"), 512);
  EXPECT_EQ(features(32, "average4"), 512);
  EXPECT_EQ(features(64, "average4"), 2048);
  EXPECT_EQ(features(96, "average4"), 4608);
  EXPECT_EQ(features(28, "flatten"), 512 * 16);
}

TEST(ResNet18, ends_in_features_that_are_not_negative) {
  BuiltEncoder built(encoder_config("resnet18", {{"width", 4}}), {3, 16, 16});
  const at::Tensor z = built.encoder->forward(reference_images("x", {4, 3, 16, 16}), true);
  EXPECT_GE(z.min().item<float>(), 0);
}

TEST(SmallCnn, has_the_documented_number_of_parameters) {
  EXPECT_EQ(count_elements(BuiltEncoder(encoder_config("small_cnn"), {1, 28, 28}).parameters),
            92'896);
  EXPECT_EQ(count_elements(BuiltEncoder(encoder_config("small_cnn"), {3, 28, 28}).parameters),
            93'472);
}

TEST(SmallCnn, refuses_images_that_two_poolings_would_swallow) {
  try {
    const BuiltEncoder built(encoder_config("small_cnn"), {1, 3, 28});
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("images of 3 x 28 are too small"));
  }
}

}  // namespace
}  // namespace headway
