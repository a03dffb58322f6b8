#include "models/graph/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"

namespace headway {
namespace {

std::int64_t windows_along(std::int64_t side, const PoolLayer& window) {
  const std::int64_t room = side + 2 * window.padding - window.kernel;
  return room < 0 ? 0 : room / window.stride + 1;
}

}  // namespace

GraphBuilder::GraphBuilder(std::string encoder_name, const ImageShape& image)
    : encoder_name_(std::move(encoder_name)) {
  graph_.nodes.push_back({.layer = ImageLayer{},
                          .name = {},
                          .inputs = {},
                          .shape = {image.channels, image.height, image.width}});
}

Value GraphBuilder::conv(const std::string& name, Value x, ConvLayer layer) {
  if (layer.in == 0) layer.in = channels(x);
  expects(layer.in == channels(x), "convolution " + name + " expects other channels");
  expects(layer.groups > 0 && layer.in % layer.groups == 0 && layer.out % layer.groups == 0,
          "convolution " + name + ": groups must divide its channels");
  NodeShape shape =
      windowed(x,
               {.kernel = layer.kernel, .stride = layer.stride, .padding = layer.padded()},
               "convolution '" + name + "'");
  shape.channels = layer.out;
  return append({.layer = layer, .name = name, .inputs = {x.node}, .shape = shape});
}

Value GraphBuilder::batch_norm(const std::string& name, Value x) {
  return append(
      {.layer = BatchNormLayer{channels(x)}, .name = name, .inputs = {x.node}, .shape = shape(x)});
}

Value GraphBuilder::activation(ActivationKind kind, Value x) {
  return append(
      {.layer = ActivationLayer{kind}, .name = {}, .inputs = {x.node}, .shape = shape(x)});
}

Value GraphBuilder::add(Value a, Value b) {
  expects(shape(a) == shape(b), "only outputs of one shape can be added: " + place(a));
  return append({.layer = AddLayer{}, .name = {}, .inputs = {a.node, b.node}, .shape = shape(a)});
}

Value GraphBuilder::concat(const std::vector<Value>& parts) {
  expects(!parts.empty(), "nothing to concatenate");
  GraphNode node{.layer = ConcatLayer{}, .name = {}, .inputs = {}, .shape = shape(parts.front())};
  node.shape.channels = 0;
  for (const Value part : parts) {
    NodeShape expected = node.shape;
    expected.channels = channels(part);
    expects(shape(part) == expected, "maps that are concatenated must have the same sides");
    node.shape.channels += channels(part);
    node.inputs.push_back(part.node);
  }
  return append(std::move(node));
}

Value GraphBuilder::pool(const PoolLayer& layer, Value x) {
  expects(2 * layer.padding <= layer.kernel, "a pool's padding is at most half of its window");
  const char* kind = layer.kind == PoolKind::kMax ? "max" : "average";
  const std::string what = fmt::format("the {} pool after {}", kind, place(x));
  return append(
      {.layer = layer, .name = {}, .inputs = {x.node}, .shape = windowed(x, layer, what)});
}

Value GraphBuilder::features(Value x, FeaturePooling pooling) {
  const NodeShape& map = shape(x);
  expects(!map.is_vector, "features are pooled from a map");
  try {
    const std::int64_t size = pooled_size(pooling, {map.channels, map.height, map.width});
    return append({.layer = FeaturePoolLayer{pooling},
                   .name = {},
                   .inputs = {x.node},
                   .shape = {.channels = size, .is_vector = true}});
  } catch (const ConfigError& error) {
    const NodeShape& image = shape({0});
    throw ConfigError(fmt::format("encoder '{}' on images of {} x {}: {}",
                                  encoder_name_,
                                  image.height,
                                  image.width,
                                  error.what()));
  }
}

Value GraphBuilder::linear(const std::string& name, Value x, LinearLayer layer) {
  if (layer.in == 0) layer.in = channels(x);
  expects(shape(x).is_vector && layer.in == channels(x),
          "linear layer " + name + " expects another vector");
  return append({.layer = layer,
                 .name = name,
                 .inputs = {x.node},
                 .shape = {.channels = layer.out, .is_vector = true}});
}

Graph GraphBuilder::finish() {
  expects(graph_.nodes.back().shape.is_vector, "a graph ends in a feature vector");
  std::vector<std::size_t> readers = reader_counts(graph_);
  readers.pop_back();
  expects(std::ranges::count(readers, 0U) == 0, "a layer's output is read by none");
  return std::exchange(graph_, {});
}

Value GraphBuilder::append(GraphNode node) {
  const bool is_new = node.name.empty() || names_.insert(node.name).second;
  expects(is_new, "two layers are called " + node.name);
  graph_.nodes.push_back(std::move(node));
  return {graph_.nodes.size() - 1};
}

NodeShape GraphBuilder::windowed(Value x, const PoolLayer& window, const std::string& what) const {
  NodeShape result = shape(x);
  expects(!result.is_vector, what + " needs a map, not a vector");
  result.height = windows_along(result.height, window);
  result.width = windows_along(result.width, window);
  if (result.height > 0 && result.width > 0) return result;
  const NodeShape& image = shape({0});
  throw ConfigError(
      fmt::format("encoder '{}': images of {} x {} are too small: {} needs a map of at least {} x "
                  "{}, but gets {} x {}; take larger images or another encoder",
                  encoder_name_,
                  image.height,
                  image.width,
                  what,
                  window.kernel - 2 * window.padding,
                  window.kernel - 2 * window.padding,
                  shape(x).height,
                  shape(x).width));
}

std::string GraphBuilder::place(Value x) const {
  const GraphNode* node = &graph_.nodes[x.node];
  while (node->name.empty() && !node->inputs.empty()) node = &graph_.nodes[node->inputs.front()];
  return node->name.empty() ? "the image" : "'" + node->name + "'";
}

}  // namespace headway
