#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "data/packing/image_sink.h"

namespace headway {

/// Keeps all that a reader puts in, and how much came at once.
struct CollectedImages final : ImageSink {
  std::vector<std::uint8_t> images;
  std::vector<std::int32_t> labels;
  std::size_t largest_piece = 0;  // bytes of images
  std::int64_t most = 1000000;

  void add(std::span<const std::uint8_t> piece, std::span<const std::int32_t> classes) override {
    images.insert(images.end(), piece.begin(), piece.end());
    labels.insert(labels.end(), classes.begin(), classes.end());
    largest_piece = std::max(largest_piece, piece.size());
  }
  std::int64_t most_images() const override { return most; }
};

}  // namespace headway
