#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "data/dataset.h"

namespace headway {

// The reference, step by step as the literature defines it: uint8 images, one copy per step.
using Image = std::vector<std::uint8_t>;  // [H, W, C]

inline Image image_of(const ImageSet& set, std::int32_t index) {
  const auto start = set.images.begin() + index * set.image_bytes();
  return {start, start + set.image_bytes()};
}

inline Image cropped(
    const Image& image, const ImageSet& set, std::int64_t p, std::int64_t dy, std::int64_t dx) {
  const std::int64_t padded_width = set.width + 2 * p;
  const auto row_bytes = set.width * set.channels;
  Image padded(static_cast<std::size_t>((set.height + 2 * p) * padded_width * set.channels), 0);
  for (std::int64_t y = 0; y < set.height; ++y) {
    std::copy_n(image.begin() + y * row_bytes,
                row_bytes,
                padded.begin() + ((y + p) * padded_width + p) * set.channels);
  }
  Image result;
  for (std::int64_t y = 0; y < set.height; ++y) {
    const auto start = padded.begin() + ((y + dy) * padded_width + dx) * set.channels;
    result.insert(result.end(), start, start + row_bytes);
  }
  return result;
}

inline Image mirrored(const Image& image, const ImageSet& set) {
  Image result;
  for (std::int64_t y = 0; y < set.height; ++y) {
    for (std::int64_t x = set.width - 1; x >= 0; --x) {
      const auto pixel = image.begin() + (y * set.width + x) * set.channels;
      result.insert(result.end(), pixel, pixel + set.channels);
    }
  }
  return result;
}

inline std::vector<float> normalized_by_half(const Image& image) {
  std::vector<float> result;
  for (const std::uint8_t value : image) {
    result.push_back(static_cast<float>((value / 255.0 - 0.5) / 0.5));
  }
  return result;
}

struct Offset {
  std::int64_t dy;
  std::int64_t dx;
};

// The crop that turns `image` into `found`; at most one does, as all pixels differ and are not
// black.
inline std::optional<Offset> crop_behind(const std::vector<float>& found,
                                         const Image& image,
                                         const ImageSet& set,
                                         std::int64_t p) {
  for (std::int64_t dy = 0; dy <= 2 * p; ++dy) {
    for (std::int64_t dx = 0; dx <= 2 * p; ++dx) {
      if (normalized_by_half(cropped(image, set, p, dy, dx)) == found) return Offset{dy, dx};
    }
  }
  return std::nullopt;
}

}  // namespace headway
