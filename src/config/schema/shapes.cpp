#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "config/schema/catalog.h"

namespace headway {
namespace {

/// A side length after a 3x3 convolution of stride 2 with padding 1.
std::int64_t halved_up(std::int64_t side) {
  return (side + 1) / 2;
}

/// Adds up the layers of an encoder while it is walked through from image to last feature map.
struct ShapeWalk {
  std::int64_t channels;
  std::int64_t height;
  std::int64_t width;
  std::int64_t parameter_count = 0;
  double multiply_adds = 0;

  /// A convolution without bias, followed by batch norm; the map keeps its side.
  void convolution(std::int64_t output_channels, std::int64_t kernel) {
    add_convolution(channels, output_channels, kernel);
    channels = output_channels;
  }

  void add_convolution(std::int64_t from, std::int64_t to, std::int64_t kernel) {
    const std::int64_t weights = from * to * kernel * kernel;
    parameter_count += weights + 2 * to;
    multiply_adds += static_cast<double>(weights) * static_cast<double>(height * width);
  }

  /// ResNet's basic block: two 3x3 convolutions, and a 1x1 one on a shortcut that changes shape.
  void basic_block(std::int64_t output_channels, bool halve) {
    if (halve) {
      height = halved_up(height);
      width = halved_up(width);
    }
    if (halve || channels != output_channels) add_convolution(channels, output_channels, 1);
    convolution(output_channels, 3);
    convolution(output_channels, 3);
  }

  void max_pool() {
    height /= 2;
    width /= 2;
  }
};

void walk_small_cnn(ShapeWalk& walk, std::int64_t width) {
  walk.convolution(width, 3);
  walk.max_pool();
  walk.convolution(2 * width, 3);
  walk.max_pool();
  walk.convolution(4 * width, 3);
}

void walk_resnet18(ShapeWalk& walk, std::int64_t width) {
  walk.convolution(width, 3);
  for (const std::int64_t multiple : {1, 2, 4, 8}) {
    walk.basic_block(multiple * width, multiple > 1);
    walk.basic_block(multiple * width, false);
  }
}

std::int64_t pooled_size(const EncoderConfig& config, const ShapeWalk& map) {
  const std::string pooling = config.options.text("pooling");
  if (pooling == "global") return map.channels;
  if (pooling == "flatten") return map.channels * map.height * map.width;
  if (map.height < 4 || map.width < 4) {
    throw ConfigError(
        fmt::format("pooling average4 needs a last feature map of at least 4 x 4, but that of {} "
                    "is {} x {}; use pooling global or flatten",
                    config.name,
                    map.height,
                    map.width));
  }
  return map.channels * (map.height / 4) * (map.width / 4);
}

}  // namespace

EncoderSummary summarise_encoder(const EncoderConfig& config, const ImageShape& shape) {
  ShapeWalk walk{.channels = shape.channels, .height = shape.height, .width = shape.width};
  const std::int64_t width = config.options.integer("width");
  if (component(Family::kEncoder, config.name).name == "resnet18") {
    walk_resnet18(walk, width);
  } else {
    walk_small_cnn(walk, width);
  }
  if (walk.height < 1 || walk.width < 1) {
    throw ConfigError(fmt::format("encoder {} needs images of at least 4 x 4, but they are {} x {}",
                                  config.name,
                                  shape.height,
                                  shape.width));
  }
  return {.feature_size = pooled_size(config, walk),
          .parameter_count = walk.parameter_count,
          .multiply_adds = walk.multiply_adds,
          .non_negative_features = true};
}

}  // namespace headway
