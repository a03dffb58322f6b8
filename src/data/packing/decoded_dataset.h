#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace headway {

/// Images as uint8 NHWC and labels 0..K-1, in memory of their own.
struct DecodedImages {
  std::vector<std::uint8_t> images;
  std::vector<std::int32_t> labels;
};

/// What a reader makes of a data set's files.
struct DecodedDataset {
  std::int64_t classes = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  DecodedImages train;
  DecodedImages test;

  /// A view of `part`, which is `train` or `test`.
  ImageSet view(const DecodedImages& part) const {
    return {.count = static_cast<std::int64_t>(part.labels.size()),
            .height = height,
            .width = width,
            .channels = channels,
            .images = part.images,
            .labels = part.labels};
  }
};

}  // namespace headway
