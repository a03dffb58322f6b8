// Encoders against what PyTorch's Python models give: see
// tests/fixtures/models/make_model_fixtures.py.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "models/encoders/encoders.h"
#include "support/reference_model.h"
#include "unit/models/encoder_setup.h"
#include "unit/models/reference_file.h"

namespace headway {
namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

constexpr std::int64_t kBatchSize = 32;

Shapes state_dict_shapes(const ParameterSet& parameters) {
  Shapes shapes;
  for (const Parameter& parameter : parameters.parameters()) {
    shapes[parameter.name] = parameter.tensor.sizes().vec();
  }
  for (const Buffer& buffer : parameters.buffers()) {
    shapes[buffer.name] = buffer.tensor.sizes().vec();
  }
  return shapes;
}

TEST(StateDict, has_the_keys_and_shapes_of_the_python_models) {
  std::ifstream stream(model_fixture("state_dict_keys.json"));
  const nlohmann::json cases = nlohmann::json::parse(stream);
  ASSERT_GE(cases.size(), 6);
  for (const auto& [name, keys] : cases.items()) {  // name: encoder/width/channels
    const std::size_t first = name.find('/');
    const std::size_t second = name.rfind('/');
    const std::int64_t width = std::stoll(name.substr(first + 1, second - first - 1));
    const std::int64_t channels = std::stoll(name.substr(second + 1));
    const BuiltEncoder built(encoder_config(name.substr(0, first), {{"width", width}}),
                             {channels, 32, 32});
    auto expected = keys.get<Shapes>();
    expected.erase("linear.weight");
    expected.erase("linear.bias");
    EXPECT_EQ(state_dict_shapes(built.parameters), expected) << name;
  }
}

/// The graph of `AllLayers` in reference_models.py.
Graph all_layers(const ImageShape& image) {
  GraphBuilder graph("all_layers", image);
  Value x = graph.conv(
      "stem", graph.image(), {.out = 8, .kernel = 5, .stride = 2, .padding = 1, .bias = true});
  x = graph.activation(ActivationKind::kSilu, x);
  const Value grouped = graph.conv("branch2", x, {.out = 12, .groups = 4, .bias = true});
  x = graph.concat({graph.conv("branch1", x, {.out = 4, .kernel = 1, .bias = true}),
                    graph.activation(ActivationKind::kGelu, grouped)});
  x = graph.pool({PoolKind::kAverage, 3, 2, 1}, graph.batch_norm("norm", x));
  const Value sum =
      graph.add(graph.batch_norm("norm2", graph.conv("conv", x, {.out = 16, .bias = true})), x);
  x = graph.concat({sum, graph.pool({PoolKind::kMax, 3, 1, 1}, x)});
  x = graph.features(x, FeaturePooling::kGlobal);
  x = graph.activation(ActivationKind::kRelu6, graph.linear("fc1", x, {.out = 10}));
  graph.linear("fc2", x, {.out = 6, .bias = false});
  return graph.finish();
}

using MakeGraph = std::function<Graph(const ImageShape&)>;

MakeGraph graph_of(const std::string& encoder,
                   std::initializer_list<std::pair<std::string, nlohmann::json>> options) {
  return [config = encoder_config(encoder, options)](const ImageShape& image) {
    return encoder_graph(config, image);
  };
}

struct ReferenceCase {
  std::string name;
  ImageShape image;
  MakeGraph graph;
  bool has_statistics = true;  // the file has the updated running statistics
};

void PrintTo(const ReferenceCase& reference, std::ostream* stream) {
  *stream << reference.name;
}

/// With batch norm's biases near 3 (see `fill` in make_model_fixtures.py).
class EncoderReference : public ::testing::TestWithParam<ReferenceCase> {
 protected:
  EncoderReference() { fill_with_reference_values(parameters_); }

  at::Tensor expected(const std::string& what) const {
    return read_tensor(file_, GetParam().name + "/" + what);
  }
  void expect_features(const at::Tensor& z, const std::string& what) const {
    const at::Tensor reference = expected(what);  // maybe of the first images only
    EXPECT_TRUE(at::allclose(z.slice(0, 0, reference.size(0)), reference, 1e-5, 1e-5));
  }

  SafetensorsFile file_{model_fixture("encoders.safetensors")};
  ParameterSet parameters_{0};
  Encoder encoder_{GetParam().graph(GetParam().image), parameters_};
  at::Tensor images_ = reference_images(
      GetParam().name + "/images",
      {kBatchSize, GetParam().image.channels, GetParam().image.height, GetParam().image.width});
};

TEST_P(EncoderReference, features_in_evaluation_mode_are_pytorchs) {
  expect_features(encoder_.forward(images_, false), "evaluation_features");  // not by fused kernels
  const at::NoGradGuard no_gradients;
  expect_features(encoder_.forward(images_, false), "evaluation_features");
}

TEST_P(EncoderReference, features_and_running_statistics_in_training_mode_are_pytorchs) {
  expect_features(encoder_.forward(images_, true), "training_features");
  for (const Buffer& buffer : parameters_.buffers()) {
    if (buffer.tensor.scalar_type() == at::kLong) {
      EXPECT_EQ(buffer.tensor.item<std::int64_t>(), 1) << buffer.name;
    } else if (GetParam().has_statistics) {
      EXPECT_TRUE(at::allclose(buffer.tensor, expected("updated/" + buffer.name), 1e-5, 1e-5))
          << buffer.name;
    }
  }
}

TEST_P(EncoderReference, gradients_are_pytorchs) {
  const at::Tensor z = encoder_.forward(images_, true);
  const at::Tensor cotangent = reference_tensor(GetParam().name + "/cotangent", z.sizes(), 0, 1);
  z.mul(cotangent).sum().backward();
  int compared = 0;
  for (const Parameter& parameter : parameters_.parameters()) {
    const std::string name = "gradient/" + parameter.name;
    if (!file_.contains(GetParam().name + "/" + name)) continue;
    const at::Tensor reference = expected(name);  // of a large weight: its first rows
    const at::Tensor gradient = parameter.tensor.grad().slice(0, 0, reference.size(0));
    // Relative to the tensor: single elements are sums that nearly cancel.
    EXPECT_LT(gradient.sub(reference).norm().item<float>(), 1e-4F * reference.norm().item<float>())
        << parameter.name;
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

INSTANTIATE_TEST_SUITE_P(
    Encoders,
    EncoderReference,
    ::testing::Values(
        ReferenceCase{"small_cnn", {1, 28, 28}, graph_of("small_cnn", {{"width", 8}})},
        ReferenceCase{"resnet18", {3, 32, 32}, graph_of("resnet18", {{"width", 8}})},
        ReferenceCase{"resnet18_one_channel", {1, 20, 28}, graph_of("resnet18", {{"width", 8}})},
        ReferenceCase{"preactresnet18", {3, 32, 32}, graph_of("preactresnet18", {{"width", 8}})},
        ReferenceCase{"preactresnet18_bn_relu",
                      {1, 20, 28},
                      graph_of("preactresnet18", {{"width", 8}, {"final_activation", "bn_relu"}})},
        ReferenceCase{"mobilenetv2", {3, 32, 32}, graph_of("mobilenetv2", {{"width", 8}})},
        ReferenceCase{"mobilenetv2_relu6",
                      {1, 16, 20},
                      graph_of("mobilenetv2", {{"width", 16}, {"activation", "relu6"}}),
                      /*has_statistics=*/false},
        ReferenceCase{"all_layers", {3, 17, 20}, all_layers}),
    [](const auto& reference) { return reference.param.name; });

}  // namespace
}  // namespace headway
