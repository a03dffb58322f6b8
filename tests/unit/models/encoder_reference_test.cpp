// Encoders against what PyTorch's Python models give: see
// tests/fixtures/models/make_model_fixtures.py.
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

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
  ASSERT_EQ(cases.size(), 4);
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

struct ReferenceCase {
  std::string name;
  std::string encoder;
  ImageShape image;
};

void PrintTo(const ReferenceCase& reference, std::ostream* stream) {
  *stream << reference.name;
}

class EncoderReference : public ::testing::TestWithParam<ReferenceCase> {
 protected:
  EncoderReference() { fill_with_reference_values(built_.parameters); }

  at::Tensor expected(const std::string& what) const {
    return read_tensor(file_, GetParam().name + "/" + what);
  }

  SafetensorsFile file_{model_fixture("encoders.safetensors")};
  BuiltEncoder built_{encoder_config(GetParam().encoder, {{"width", 8}}), GetParam().image};
  at::Tensor images_ = reference_images(
      GetParam().name + "/images",
      {kBatchSize, GetParam().image.channels, GetParam().image.height, GetParam().image.width});
};

TEST_P(EncoderReference, features_in_evaluation_mode_are_pytorchs) {
  const at::Tensor z = built_.encoder->forward(images_, false);
  EXPECT_TRUE(at::allclose(z, expected("evaluation_features"), 1e-5, 1e-5));
}

TEST_P(EncoderReference, features_and_running_statistics_in_training_mode_are_pytorchs) {
  const at::Tensor z = built_.encoder->forward(images_, true);
  EXPECT_TRUE(at::allclose(z, expected("training_features"), 1e-5, 1e-5));
  for (const Buffer& buffer : built_.parameters.buffers()) {
    if (buffer.tensor.scalar_type() == at::kLong) {
      EXPECT_EQ(buffer.tensor.item<std::int64_t>(), 1) << buffer.name;
    } else {
      EXPECT_TRUE(at::allclose(buffer.tensor, expected("updated/" + buffer.name), 1e-5, 1e-5))
          << buffer.name;
    }
  }
}

TEST_P(EncoderReference, gradients_are_pytorchs) {
  const at::Tensor z = built_.encoder->forward(images_, true);
  const at::Tensor cotangent = reference_tensor(GetParam().name + "/cotangent", z.sizes(), 0, 1);
  z.mul(cotangent).sum().backward();
  int compared = 0;
  for (const Parameter& parameter : built_.parameters.parameters()) {
    const std::string name = "gradient/" + parameter.name;
    if (!file_.contains(GetParam().name + "/" + name)) continue;
    const at::Tensor reference = expected(name);  // of a large weight: its first rows
    const at::Tensor gradient = parameter.tensor.grad().slice(0, 0, reference.size(0));
    // Relative to the tensor: single elements are sums that nearly cancel.
    EXPECT_LT(gradient.sub(reference).norm().item<float>(), 1e-4F * reference.norm().item<float>())
        << parameter.name;
    ++compared;
  }
  EXPECT_EQ(compared, 4);
}

INSTANTIATE_TEST_SUITE_P(Encoders,
                         EncoderReference,
                         ::testing::Values(ReferenceCase{"small_cnn", "small_cnn", {1, 28, 28}},
                                           ReferenceCase{"resnet18", "resnet18", {3, 32, 32}},
                                           ReferenceCase{
                                               "resnet18_one_channel", "resnet18", {1, 20, 28}}),
                         [](const auto& reference) { return reference.param.name; });

}  // namespace
}  // namespace headway
