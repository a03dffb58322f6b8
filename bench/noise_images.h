#pragma once

#include <cstdint>
#include <vector>

#include "base/philox.h"
#include "config/schema/catalog.h"
#include "data/dataset.h"

namespace headway {

/// Noise and random labels: how fast a step is does not depend on what the images show.
struct NoiseImages {
  NoiseImages(std::int64_t count, const ImageShape& shape, std::int64_t classes) {
    RandomStream noise(1, "images");
    pixels.resize(static_cast<std::size_t>(count * shape.channels * shape.height * shape.width));
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(noise.below(256));
    for (std::int64_t i = 0; i < count; ++i) {
      labels.push_back(static_cast<std::int32_t>(noise.below(static_cast<std::uint64_t>(classes))));
    }
    set = {count, shape.height, shape.width, shape.channels, pixels, labels};
  }

  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  ImageSet set;
};

}  // namespace headway
