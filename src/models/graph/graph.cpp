#include "models/graph/graph.h"

#include <algorithm>

namespace headway {
namespace {

/// What the parameters of a layer and one image's pass through it amount to.
struct LayerCost {
  std::int64_t parameter_count = 0;
  double multiply_adds = 0;
};

LayerCost cost_of(const GraphNode& node) {
  if (const auto* conv = std::get_if<ConvLayer>(&node.layer)) {
    const std::int64_t weights = conv->out * conv->fan_in();
    const std::int64_t positions = node.shape.height * node.shape.width;
    return {weights + (conv->bias ? conv->out : 0),
            static_cast<double>(weights) * static_cast<double>(positions)};
  }
  if (const auto* linear = std::get_if<LinearLayer>(&node.layer)) {
    const std::int64_t weights = linear->in * linear->out;
    return {weights + (linear->bias ? linear->out : 0), static_cast<double>(weights)};
  }
  if (const auto* norm = std::get_if<BatchNormLayer>(&node.layer)) return {2 * norm->channels, 0};
  return {};
}

/// True when no input can make `layer` give a negative number; `inputs` likewise of what it reads.
bool is_non_negative(const Layer& layer, const std::vector<bool>& inputs) {
  if (const auto* activation = std::get_if<ActivationLayer>(&layer)) {
    return activation->kind == ActivationKind::kRelu || activation->kind == ActivationKind::kRelu6;
  }
  const bool keeps_sign =
      std::holds_alternative<AddLayer>(layer) || std::holds_alternative<ConcatLayer>(layer) ||
      std::holds_alternative<PoolLayer>(layer) || std::holds_alternative<FeaturePoolLayer>(layer);
  return keeps_sign && std::ranges::all_of(inputs, [](bool input) { return input; });
}

bool has_non_negative_features(const Graph& graph) {
  std::vector<bool> known;
  for (const GraphNode& node : graph.nodes) {
    std::vector<bool> inputs;
    for (const std::size_t input : node.inputs) inputs.push_back(known[input]);
    known.push_back(is_non_negative(node.layer, inputs));
  }
  return known.back();
}

}  // namespace

std::vector<std::size_t> reader_counts(const Graph& graph) {
  std::vector<std::size_t> counts(graph.nodes.size());
  for (const GraphNode& node : graph.nodes) {
    for (const std::size_t input : node.inputs) ++counts[input];
  }
  return counts;
}

EncoderSummary summarise(const Graph& graph) {
  EncoderSummary summary{.feature_size = graph.feature_size(),
                         .non_negative_features = has_non_negative_features(graph)};
  for (const GraphNode& node : graph.nodes) {
    const LayerCost cost = cost_of(node);
    summary.parameter_count += cost.parameter_count;
    summary.multiply_adds += cost.multiply_adds;
    const auto* conv = std::get_if<ConvLayer>(&node.layer);
    if (conv != nullptr && summary.stem_channels == 0) summary.stem_channels = conv->out;
  }
  return summary;
}

}  // namespace headway
