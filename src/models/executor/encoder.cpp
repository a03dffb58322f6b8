#include "models/executor/encoder.h"

#include <ATen/ops/add.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>

#include <stdexcept>
#include <utility>
#include <variant>

#include "models/encoders/encoders.h"
#include "models/executor/execution_plan.h"
#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/conv2d.h"
#include "models/layers/linear.h"
#include "models/layers/pooling.h"

namespace headway {
namespace {

/// A layer that is ready to be called: with its parameters, where it has any.
using Operation = std::variant<ImageLayer,
                               Conv2d,
                               BatchNorm2d,
                               ActivationLayer,
                               AddLayer,
                               ConcatLayer,
                               PoolLayer,
                               FeaturePoolLayer,
                               Linear>;

Operation make_operation(const GraphNode& node, ParameterSet& parameters) {
  if (const auto* conv = std::get_if<ConvLayer>(&node.layer)) {
    return Conv2d(parameters, node.name, *conv);
  }
  if (const auto* norm = std::get_if<BatchNormLayer>(&node.layer)) {
    return BatchNorm2d(parameters, node.name, norm->channels);
  }
  if (const auto* linear = std::get_if<LinearLayer>(&node.layer)) {
    return Linear(parameters, node.name, *linear);
  }
  return std::visit(
      [](const auto& layer) -> Operation {
        if constexpr (std::is_constructible_v<Operation, decltype(layer)>) return layer;
        throw std::logic_error("a layer that has parameters");
      },
      node.layer);
}

at::Tensor activated(ActivationKind kind, const at::Tensor& x) {
  switch (kind) {
    case ActivationKind::kRelu:
      return at::relu(x);
    case ActivationKind::kRelu6:
      return at::hardtanh(x, 0, 6);
    case ActivationKind::kSilu:
      return at::silu(x);
    case ActivationKind::kGelu:
      return at::gelu(x);
  }
  throw std::logic_error("unknown activation");
}

at::Tensor pooled(const PoolLayer& layer, const at::Tensor& x) {
  return layer.kind == PoolKind::kMax
             ? at::max_pool2d(x, layer.kernel, layer.stride, layer.padding)
             : at::avg_pool2d(x, layer.kernel, layer.stride, layer.padding);
}

/// Calls the layer of one step.
struct Call {
  const ExecutionStep& step;
  const std::vector<ForkedActivation>& outputs;  // of all nodes
  bool training;

  const at::Tensor& input(std::size_t i) const {
    const ForkedActivation& output = outputs[step.inputs[i].node];
    return step.inputs[i].second_copy ? output.second : output.first;
  }

  ForkedActivation operator()(const BatchNorm2d& norm) const {
    BatchNormFollowers then{.shortcut = {}, .relu = step.relu};
    if (step.adds) then.shortcut = input(1);
    return norm.forward(input(0), then, training);
  }
  ForkedActivation operator()(const Conv2d& conv) const { return {conv.forward(input(0)), {}}; }
  ForkedActivation operator()(const ActivationLayer& layer) const {
    return {activated(layer.kind, input(0)), {}};
  }
  ForkedActivation operator()(const AddLayer&) const { return {at::add(input(0), input(1)), {}}; }
  ForkedActivation operator()(const ConcatLayer&) const {
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < step.inputs.size(); ++i) parts.push_back(input(i));
    return {at::cat(parts, 1), {}};
  }
  ForkedActivation operator()(const PoolLayer& layer) const {
    return {pooled(layer, input(0)), {}};
  }
  ForkedActivation operator()(const FeaturePoolLayer& layer) const {
    return {pool_features(input(0), layer.pooling), {}};
  }
  ForkedActivation operator()(const Linear& linear) const { return {linear.forward(input(0)), {}}; }
  ForkedActivation operator()(const ImageLayer&) const {
    throw std::logic_error("images are given, not computed");
  }
};

}  // namespace

class Encoder::Program {
 public:
  Program(const Graph& graph, ParameterSet& parameters)
      : feature_size(graph.feature_size()), steps_(plan_execution(graph)) {
    for (const GraphNode& node : graph.nodes) {
      operations_.push_back(make_operation(node, parameters));
    }
  }

  at::Tensor run(const at::Tensor& images, bool training) const {
    std::vector<ForkedActivation> outputs(operations_.size());
    outputs[0].first = as_channels_last(images);
    for (const ExecutionStep& step : steps_) {
      outputs[step.output] = std::visit(Call{step, outputs, training}, operations_[step.layer]);
      for (const std::size_t node : step.done) outputs[node] = {};
    }
    return outputs.back().first;
  }

  const std::int64_t feature_size;

 private:
  std::vector<ExecutionStep> steps_;
  std::vector<Operation> operations_;  // by node
};

Encoder::Encoder(const Graph& graph, ParameterSet& parameters)
    : program_(std::make_unique<const Program>(graph, parameters)) {}

Encoder::~Encoder() = default;

at::Tensor Encoder::forward(const at::Tensor& images, bool training) const {
  return program_->run(images, training);
}

std::int64_t Encoder::feature_size() const {
  return program_->feature_size;
}

std::unique_ptr<Encoder> make_encoder(const EncoderConfig& config,
                                      const ImageShape& image,
                                      ParameterSet& parameters) {
  return std::make_unique<Encoder>(encoder_graph(config, image), parameters);
}

}  // namespace headway
