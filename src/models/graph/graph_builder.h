#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "models/graph/graph.h"

namespace headway {

/// The output of a node of the graph that is being built.
struct Value {
  std::size_t node = 0;
};

/// Puts a graph together layer by layer for images of one shape. ConfigError, which names the
/// encoder and the layer, when the images are too small for a layer; std::logic_error when a graph
/// makes no sense whatever the images.
class GraphBuilder {
 public:
  GraphBuilder(std::string encoder_name, const ImageShape& image);

  Value image() const { return {0}; }
  std::int64_t channels(Value x) const { return shape(x).channels; }

  Value conv(const std::string& name, Value x, ConvLayer layer);
  Value batch_norm(const std::string& name, Value x);
  Value activation(ActivationKind kind, Value x);
  Value relu(Value x) { return activation(ActivationKind::kRelu, x); }
  Value add(Value a, Value b);
  Value concat(const std::vector<Value>& parts);
  Value pool(const PoolLayer& layer, Value x);
  Value max_pool(Value x, std::int64_t kernel) { return pool({PoolKind::kMax, kernel, kernel}, x); }
  Value average_pool(Value x, std::int64_t kernel) {
    return pool({PoolKind::kAverage, kernel, kernel}, x);
  }
  /// The feature vector, which linear layers may follow.
  Value features(Value x, FeaturePooling pooling);
  Value linear(const std::string& name, Value x, LinearLayer layer);

  /// The graph; its features are the last value that was made.
  Graph finish();

 private:
  const NodeShape& shape(Value x) const { return graph_.nodes[x.node].shape; }
  Value append(GraphNode node);
  /// The map that remains when the window of a pool or a convolution, `what`, slides over x.
  NodeShape windowed(Value x, const PoolLayer& window, const std::string& what) const;
  /// The nearest named layer before x, for messages.
  std::string place(Value x) const;

  std::string encoder_name_;
  std::unordered_set<std::string> names_;
  Graph graph_;
};

}  // namespace headway
