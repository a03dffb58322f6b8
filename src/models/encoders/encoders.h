#pragma once

#include "base/component_list.h"
#include "config/schema/catalog.h"
#include "models/graph/graph_builder.h"

namespace headway {

/// What an encoder consists of: both are specialised for its tag in NAME.cpp.
template <typename Name>
struct EncoderComponent {
  static ComponentSpec spec();
  /// Adds the layers from `graph.image()` to the last feature map, which it returns; feature
  /// pooling follows for every encoder.
  static Value build(GraphBuilder& graph, const Options& options);
};

/// All encoders. To add one: write NAME.cpp, then list its tag here.
using Encoders =
    ComponentList<class MobileNetV2, class PreActResNet18, class ResNet18, class SmallCnn>;

/// The encoder that `config` names, for images of this shape, ending in its feature vector.
/// ConfigError for an unknown name or pooling, and when the images are too small.
Graph encoder_graph(const EncoderConfig& config, const ImageShape& image);

// Options that every encoder has.
OptionSpec pooling_option();
/// `default_width`: channels of the stem of the published network.
OptionSpec width_option(int default_width);

}  // namespace headway
