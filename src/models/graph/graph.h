#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/schema/catalog.h"
#include "models/graph/feature_pooling.h"

namespace headway {

// An encoder as data: layers in the order in which their parameters are made, each naming the ones
// whose outputs it reads. Layers mean what PyTorch's modules of these names compute.

/// Two-dimensional convolution. Parameters "<name>.weight" [out, in / groups, kernel, kernel] and,
/// with `bias`, "<name>.bias" [out].
struct ConvLayer {
  std::int64_t in = 0;   // channels; 0 in a builder's call: those of its input
  std::int64_t out = 0;  // channels
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t groups = 1;
  std::optional<std::int64_t> padding = {};  // none given: floor(kernel / 2)
  bool bias = false;

  std::int64_t padded() const { return padding.value_or(kernel / 2); }
  std::int64_t fan_in() const { return in / groups * kernel * kernel; }
};

/// Parameters "<name>.weight", "<name>.bias"; buffers "<name>.running_mean", "<name>.running_var",
/// "<name>.num_batches_tracked".
struct BatchNormLayer {
  std::int64_t channels = 0;
};

enum class ActivationKind { kRelu, kRelu6, kSilu, kGelu };  // gelu: the exact one, with erf

struct ActivationLayer {
  ActivationKind kind = ActivationKind::kRelu;
};

/// The sum of two outputs of one shape.
struct AddLayer {};

/// Channels of all inputs behind each other, in their order.
struct ConcatLayer {};

enum class PoolKind { kMax, kAverage };  // the average counts padding as zeros

struct PoolLayer {
  PoolKind kind = PoolKind::kMax;
  std::int64_t kernel = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;
};

/// The last feature map as a vector.
struct FeaturePoolLayer {
  FeaturePooling pooling = FeaturePooling::kGlobal;
};

/// On vectors: parameters "<name>.weight" [out, in] and, with `bias`, "<name>.bias" [out].
struct LinearLayer {
  std::int64_t in = 0;  // 0 in a builder's call: its input's size
  std::int64_t out = 0;
  bool bias = true;
};

/// The images: node 0 of every graph.
struct ImageLayer {};

using Layer = std::variant<ImageLayer,
                           ConvLayer,
                           BatchNormLayer,
                           ActivationLayer,
                           AddLayer,
                           ConcatLayer,
                           PoolLayer,
                           FeaturePoolLayer,
                           LinearLayer>;

/// What a node gives for one image: a feature map, or a vector of `channels` numbers.
struct NodeShape {
  std::int64_t channels = 0;
  std::int64_t height = 1;
  std::int64_t width = 1;
  bool is_vector = false;

  bool operator==(const NodeShape&) const = default;
};

struct GraphNode {
  Layer layer;
  std::string name;                 // prefix of its parameters' names; empty when it has none
  std::vector<std::size_t> inputs;  // nodes before this one
  NodeShape shape;                  // of its output
};

/// Ends in its last node, which gives a vector: the features.
struct Graph {
  std::vector<GraphNode> nodes;

  std::int64_t feature_size() const { return nodes.back().shape.channels; }
};

/// How often each node's output is read.
std::vector<std::size_t> reader_counts(const Graph& graph);

/// Size, cost and the sign of the features, all from the layers.
EncoderSummary summarise(const Graph& graph);

}  // namespace headway
