// Twenty steps of plain SGD against PyTorch's: see tests/fixtures/models/make_model_fixtures.py.
#include <ATen/Context.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "base/environment.h"
#include "support/reference_model.h"
#include "unit/models/encoder_setup.h"
#include "unit/models/head_setup.h"
#include "unit/models/reference_file.h"

namespace headway {
namespace {

constexpr std::int64_t kBatchSize = 32;
constexpr std::int64_t kClasses = 10;
constexpr int kSteps = 20;
constexpr int kBatches = 4;
constexpr double kMomentum = 0.9;

struct TrainingCase {
  std::string name;
  EncoderConfig encoder;
  HeadConfig head;
  ImageShape image;
  double learning_rate;
  double weight_decay;
};

/// SGD with Nesterov's momentum, written out: g += decay w; v = m v + g (first v = g);
/// w -= rate (g + m v).
void update(Parameter& parameter, at::Tensor& velocity, double learning_rate, double decay) {
  at::Tensor weight = parameter.tensor.detach();
  at::Tensor gradient = parameter.tensor.grad().add(weight, decay);
  velocity.mul_(kMomentum).add_(gradient);
  weight.sub_(gradient.add(velocity, kMomentum), learning_rate);
  parameter.tensor.mutable_grad().reset();
}

void move(ParameterSet& parameters, at::Device device) {
  for (Parameter& parameter : parameters.parameters()) {
    parameter.tensor = parameter.tensor.detach().to(device).set_requires_grad(true);
  }
  for (Buffer& buffer : parameters.buffers()) buffer.tensor = buffer.tensor.to(device);
}

std::vector<double> training_losses(const TrainingCase& training, at::Device device) {
  ParameterSet parameters(0);
  const auto encoder = make_encoder(training.encoder, training.image, parameters);
  const at::Tensor matrix = at::zeros({kClasses, encoder->feature_size()});
  const ClassVectors vectors = class_vectors_of(matrix);
  const auto head = heads().at(training.head.name)(
      training.head, {{encoder->feature_size(), kClasses}, vectors, true}, parameters);
  fill_with_reference_values(parameters);
  move(parameters, device);
  std::vector<at::Tensor> velocities;
  for (const Parameter& parameter : parameters.parameters()) {
    velocities.push_back(at::zeros_like(parameter.tensor.detach()));
  }

  std::vector<double> losses;
  for (int step = 0; step < kSteps; ++step) {
    const std::string batch = std::to_string(step % kBatches);
    const at::Tensor images = reference_images(
        training.name + "/images/" + batch,
        {kBatchSize, training.image.channels, training.image.height, training.image.width});
    const at::Tensor labels =
        reference_labels(training.name + "/labels/" + batch, kBatchSize, kClasses);
    const at::Tensor loss = at::cross_entropy_loss(
        head->forward(encoder->forward(images.to(device), true), true), labels.to(device));
    loss.backward();
    losses.push_back(loss.item<double>());
    for (std::size_t i = 0; i < velocities.size(); ++i) {
      Parameter& parameter = parameters.parameters()[i];
      const bool decays = parameter.kind == ParameterKind::kWeight ||
                          (parameter.kind == ParameterKind::kClassVectors &&
                           !head_spec(training.head.name).normalises_class_vectors);
      update(parameter, velocities[i], training.learning_rate, decays ? training.weight_decay : 0);
    }
  }
  return losses;
}

// HEADWAY_TEST_DEVICE=cuda: on a GPU.
void expect_pytorchs_losses(const TrainingCase& training) {
  const at::Device device(environment_variable("HEADWAY_TEST_DEVICE").value_or("cpu"));
  if (device.is_cuda() && !at::globalContext().hasCUDA()) GTEST_SKIP() << "no GPU here";
  at::globalContext().setAllowTF32CuDNN(false);
  const SafetensorsFile file(model_fixture("training_losses.safetensors"));
  const at::Tensor expected = read_tensor(file, training.name);
  const std::vector<double> losses = training_losses(training, device);
  ASSERT_EQ(expected.size(0), kSteps);
  for (int step = 0; step < kSteps; ++step) {
    const double reference = expected[step].item<double>();
    EXPECT_NEAR(losses[static_cast<std::size_t>(step)], reference, 1e-4 * reference)
        << "step " << step;
  }
}

TEST(TrainingReference, small_cnn_with_the_dot_head_follows_pytorch) {
  expect_pytorchs_losses({.name = "small_cnn_dot",
                          .encoder = encoder_config("small_cnn", {{"width", 8}}),
                          .head = head_config("dot", {{"bias", "learned"}}),
                          .image = {1, 28, 28},
                          .learning_rate = 0.005,
                          .weight_decay = 0.05});
}

TEST(TrainingReference, resnet18_with_the_cosine_head_follows_pytorch) {
  expect_pytorchs_losses({.name = "resnet18_cosine",
                          .encoder = encoder_config("resnet18", {{"width", 8}}),
                          .head = head_config("cosine", {{"scale", 20.0}}),
                          .image = {3, 32, 32},
                          .learning_rate = 0.003,
                          .weight_decay = 0.05});
}

}  // namespace
}  // namespace headway
