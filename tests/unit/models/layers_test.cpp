#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/errors.h"
#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/conv2d.h"
#include "models/layers/pooling.h"
#include "support/reference_model.h"

namespace headway {
namespace {

at::Tensor channels_last_images(const std::string& name, at::IntArrayRef shape) {
  return reference_images(name, shape).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(AsChannelsLast, one_channel_gets_channels_last_strides_without_a_copy) {
  const at::Tensor images = reference_images("x", {2, 1, 5, 7});
  const at::Tensor result = as_channels_last(images);
  EXPECT_EQ(result.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  EXPECT_EQ(result.data_ptr(), images.data_ptr());
  EXPECT_TRUE(at::equal(result, images));
}

TEST(AsChannelsLast, three_channels_are_reordered_once) {
  const at::Tensor images = reference_images("x", {2, 3, 5, 7});
  const at::Tensor result = as_channels_last(images);
  EXPECT_EQ(result.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(at::equal(result, images));
  EXPECT_EQ(as_channels_last(result).data_ptr(), result.data_ptr());
}

TEST(Conv2d, a_stride_of_two_rounds_odd_sides_up) {
  ParameterSet parameters(0);
  const Conv2d conv(parameters, "conv", {.in = 3, .out = 4, .kernel = 3, .stride = 2});
  EXPECT_EQ(conv.forward(channels_last_images("x", {2, 3, 7, 8})).sizes(),
            (at::IntArrayRef{2, 4, 4, 4}));
}

// y = W x at every second pixel, so dy/dx is W' there and 0 between. Sizes at which oneDNN's own
// strided backward pass writes beyond its buffers; glibc's checks of the heap end the test then.
TEST(Conv2d, a_strided_1x1_convolution_reaches_every_second_pixel_forward_and_backward) {
  for (const std::int64_t in : {8, 12, 20, 24}) {
    ParameterSet parameters(0);
    const Conv2d conv(parameters, "conv", {.in = in, .out = 16, .kernel = 1, .stride = 2});
    const at::Tensor weight = parameters.parameters().front().tensor.detach().flatten(1);
    at::Tensor x = channels_last_images("x", {5, in, 8, 11}).set_requires_grad(true);
    const at::Tensor y = conv.forward(x);
    ASSERT_EQ(y.sizes(), (at::IntArrayRef{5, 16, 4, 6}));
    y.sum().backward();
    for (const auto& [row, column] : {std::pair{0, 0}, {1, 5}, {3, 2}}) {
      const at::Tensor pixel = x.detach().select(3, 2 * column).select(2, 2 * row);  // [5, in]
      EXPECT_TRUE(at::allclose(y.detach().select(3, column).select(2, row), pixel.mm(weight.t())));
      EXPECT_TRUE(at::allclose(x.grad().select(3, 2 * column).select(2, 2 * row),
                               weight.sum(0).expand({5, in})));
    }
    EXPECT_EQ(x.grad().select(2, 1).abs().max().item<float>(), 0);
    EXPECT_EQ(x.grad().select(3, 3).abs().max().item<float>(), 0);
  }
}

TEST(Conv2d, a_depth_wise_convolution_sums_each_channel_by_itself) {
  for (const std::int64_t stride : {1, 2}) {
    ParameterSet parameters(0);
    const Conv2d conv(parameters, "conv", {.in = 8, .out = 8, .stride = stride, .groups = 8});
    const at::Tensor weight = parameters.parameters().front().tensor.detach();
    ASSERT_EQ(weight.sizes(), (at::IntArrayRef{8, 1, 3, 3}));
    EXPECT_LE(weight.abs().max().item<double>(), 1 / 3.0);  // fan-in 9
    const at::Tensor x = channels_last_images("x", {2, 8, 5, 7});
    const at::Tensor y = conv.forward(x).detach();
    ASSERT_EQ(y.size(2), stride == 1 ? 5 : 3);
    const at::Tensor window = x.slice(2, 1, 4).slice(3, 1, 4);  // around the pixel (2, 2)
    const at::Tensor wanted = (window * weight.view({1, 8, 3, 3})).sum({2, 3});
    EXPECT_TRUE(at::allclose(y.select(3, 2 / stride).select(2, 2 / stride), wanted, 1e-5, 1e-6));
  }
}

TEST(Conv2d, a_bias_is_added_to_every_position) {
  for (const std::int64_t kernel :
       {1, 3}) {  // with bias it is PyTorch's kernel at 3, else Winograd's
    ParameterSet with(0);
    ParameterSet without(0);
    const Conv2d conv(with, "conv", {.in = 8, .out = 16, .kernel = kernel, .bias = true});
    const Conv2d plain(without, "conv", {.in = 8, .out = 16, .kernel = kernel});
    ASSERT_EQ(with.parameters().at(1).name, "conv.bias");
    EXPECT_EQ(with.parameters().at(1).kind, ParameterKind::kBias);
    const at::Tensor x = channels_last_images("x", {2, 8, 5, 7});
    const at::Tensor bias = with.parameter(1).view({1, 16, 1, 1});
    EXPECT_TRUE(at::allclose(conv.forward(x), plain.forward(x) + bias, 1e-4, 1e-5));
  }
}

TEST(Conv2d, weights_start_within_one_over_the_root_of_the_fan_in) {
  ParameterSet parameters(0);
  const Conv2d conv(parameters, "conv", {.in = 16, .out = 32});
  const at::Tensor weight = parameters.parameters().front().tensor.detach();
  EXPECT_EQ(parameters.parameters().front().name, "conv.weight");
  EXPECT_LE(weight.abs().max().item<double>(), 1 / 12.0);  // fan-in 16 * 9 = 144
  EXPECT_GT(weight.abs().max().item<double>(), 0.99 / 12.0);
}

class BatchNorm : public ::testing::Test {
 protected:
  at::Tensor buffer(const std::string& name) const {
    for (const Buffer& entry : parameters_.buffers()) {
      if (entry.name == name) return entry.tensor;
    }
    return {};
  }

  ParameterSet parameters_{0};
  BatchNorm2d norm_{parameters_, "bn", 4};
  at::Tensor x_ = channels_last_images("x", {3, 4, 5, 6}) * 3 + 2;
};

TEST_F(BatchNorm, training_normalises_every_channel) {
  const at::Tensor y = norm_.forward(x_, true).detach();
  EXPECT_TRUE(at::allclose(y.mean({0, 2, 3}), at::zeros({4}), 0, 1e-6));
  EXPECT_TRUE(at::allclose(y.pow(2).mean({0, 2, 3}), at::ones({4}), 0, 1e-5));
}

TEST_F(BatchNorm, running_statistics_move_by_a_tenth_and_take_the_unbiased_variance) {
  norm_.forward(x_, true);
  EXPECT_TRUE(at::allclose(buffer("bn.running_mean"), 0.1 * x_.mean({0, 2, 3}), 1e-5));
  EXPECT_TRUE(at::allclose(
      buffer("bn.running_var"), 0.9 + 0.1 * x_.var({0, 2, 3}, /*unbiased=*/true), 1e-5));
  EXPECT_EQ(buffer("bn.num_batches_tracked").item<std::int64_t>(), 1);
}

TEST_F(BatchNorm, evaluation_uses_the_running_statistics_and_leaves_them_alone) {
  const at::Tensor y =
      norm_.forward(x_, false).detach();  // mean 0, variance 1: nearly the identity
  EXPECT_TRUE(at::allclose(y, x_, 1e-5));
  EXPECT_EQ(buffer("bn.num_batches_tracked").item<std::int64_t>(), 0);
  EXPECT_EQ(buffer("bn.running_mean").abs().max().item<float>(), 0);
}

TEST_F(BatchNorm, the_fused_forms_equal_their_parts) {
  const at::Tensor shortcut = channels_last_images("shortcut", {3, 4, 5, 6});
  for (const bool training : {true, false}) {
    const at::Tensor y = norm_.forward(x_, training);
    const auto fused = [&](const BatchNormFollowers& then) {
      return norm_.forward(x_, then, training).first;
    };
    EXPECT_TRUE(at::allclose(fused({.relu = true}), y.relu(), 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(fused({.shortcut = shortcut}), y + shortcut, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(
        fused({.shortcut = shortcut, .relu = true}), (y + shortcut).relu(), 1e-5, 1e-6));
  }
}

// The gradients of all inputs when the readers weigh the activation by `first` and `second`; an
// undefined weight stands for a reader that is not there.
std::vector<at::Tensor> forked_gradients(const ForkedActivation& y,
                                         const at::Tensor& first,
                                         const at::Tensor& second,
                                         const std::vector<at::Tensor>& inputs) {
  at::Tensor sum = at::zeros({});
  if (first.defined()) sum = sum + (y.first * first).sum();
  if (second.defined()) sum = sum + (y.second * second).sum();
  sum.backward();
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& input : inputs) {
    gradients.push_back(input.grad().clone());
    input.mutable_grad().reset();
  }
  return gradients;
}

TEST_F(BatchNorm, what_flows_back_from_two_readers_is_added_up) {
  const at::Tensor x = x_.clone().requires_grad_(true);
  const at::Tensor shortcut = channels_last_images("shortcut", {3, 4, 5, 6}).requires_grad_(true);
  const at::Tensor weight = parameters_.parameter(0);
  const at::Tensor bias = parameters_.parameter(1);
  const at::Tensor a = channels_last_images("first", {3, 4, 5, 6});
  const at::Tensor b = reference_images("second", {3, 4, 5, 6});  // not channels_last
  for (const auto& [first, second] : std::vector<std::pair<at::Tensor, at::Tensor>>{
           {a, b}, {a, at::Tensor()}, {at::Tensor(), b}}) {
    for (const auto& [adds, relu] : {std::pair{true, true}, {false, true}, {true, false}}) {
      std::vector<at::Tensor> inputs = {x, weight, bias};
      if (adds) inputs.push_back(shortcut);
      BatchNormFollowers then{.relu = relu};
      if (adds) then.shortcut = shortcut;
      const auto found = forked_gradients(norm_.forward(x, then, true), first, second, inputs);
      const at::Tensor normalised =
          at::batch_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5, /*cudnn_enabled=*/false);
      const at::Tensor sum = adds ? normalised + shortcut : normalised;
      const at::Tensor y = relu ? sum.relu() : sum;
      const auto expected = forked_gradients({y, y}, first, second, inputs);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-4, 1e-5)) << "input " << i;
      }
    }
  }
}

TEST(Pooling, feature_sizes_follow_from_the_map) {
  EXPECT_EQ(pooled_size(parse_feature_pooling("global"), {512, 4, 4}), 512);
  EXPECT_EQ(pooled_size(parse_feature_pooling("average4"), {512, 4, 4}), 512);
  EXPECT_EQ(pooled_size(parse_feature_pooling("average4"), {512, 8, 8}), 2048);
  EXPECT_EQ(pooled_size(parse_feature_pooling("average4"), {512, 12, 12}), 4608);
  EXPECT_EQ(pooled_size(parse_feature_pooling("flatten"), {512, 3, 5}), 7680);
}

TEST(Pooling, features_lie_in_channel_row_column_order) {
  const at::Tensor map = at::arange(2 * 3 * 2 * 5, at::kFloat)
                             .view({2, 3, 2, 5})
                             .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor features = pool_features(map, FeaturePooling::kFlatten);
  EXPECT_TRUE(at::equal(features, at::arange(60, at::kFloat).view({2, 30})));
}

TEST(Pooling, means_over_windows_of_four_keep_that_order) {
  const at::Tensor map = channels_last_images("map", {2, 3, 8, 9});  // the ninth column is left out
  const at::Tensor features = pool_features(map, FeaturePooling::kAverage4);
  ASSERT_EQ(features.sizes(), (at::IntArrayRef{2, 12}));
  const at::Tensor window = map.slice(2, 4, 8).slice(3, 0, 4);  // second row, first column
  EXPECT_TRUE(at::allclose(features.select(1, 4 * 1 + 2), window.mean({2, 3}).select(1, 1)));
}

TEST(Pooling, average4_refuses_a_map_smaller_than_its_window) {
  try {
    pooled_size(FeaturePooling::kAverage4, {8, 3, 4});
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("at least 4 x 4, but it is 3 x 4"));
  }
}

TEST(Pooling, an_unknown_name_is_refused_with_the_nearest) {
  try {
    parse_feature_pooling("globl");
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean 'global'"));
  }
}

}  // namespace
}  // namespace headway
