#include "models/encoders/encoders.h"

namespace headway {

template <>
ComponentSpec EncoderComponent<SmallCnn>::spec() {
  return {.name = "small_cnn",
          .summary =
              "three 3x3 convolutions (w, 2w, 4w channels) with batch norm and two max pools: for "
              "tests and sweeps on CPUs; features >= 0",
          .source = "own design",
          .options = {width_option(32), pooling_option()}};
}

template <>
Value EncoderComponent<SmallCnn>::build(GraphBuilder& graph, const Options& options) {
  const std::int64_t width = options.integer("width");
  Value x = graph.conv("conv1", graph.image(), {.out = width});
  x = graph.max_pool(graph.relu(graph.batch_norm("bn1", x)), 2);  // w, H/2 x W/2
  x = graph.conv("conv2", x, {.out = 2 * width});
  x = graph.max_pool(graph.relu(graph.batch_norm("bn2", x)), 2);  // 2w, H/4 x W/4
  x = graph.conv("conv3", x, {.out = 4 * width});
  return graph.relu(graph.batch_norm("bn3", x));  // 4w, H/4 x W/4
}

}  // namespace headway
