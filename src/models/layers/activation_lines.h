#pragma once

// How the batch-norm kernels walk over an activation. Only they include this.

#include <ATen/Parallel.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/kernel.h"
#include "models/layers/batch_norm/batch_norm_kernels.h"

namespace headway {

inline constexpr std::int64_t kLineElements = 256;
inline constexpr std::int64_t kSlices = 16;

/// A matrix of C columns read as one of m C columns, "lines", because a loop over few channels
/// would be too short to vectorise. Element j of a line belongs to channel j mod C.
struct Lines {
  explicit Lines(const ActivationShape& shape) : length(shape.channels), count(shape.rows) {
    while (count % 2 == 0 && length < kLineElements) {
      length *= 2;
      count /= 2;
    }
  }

  std::int64_t slices() const { return std::min(kSlices, count); }
  std::int64_t begin(std::int64_t slice) const { return slice * count / slices(); }

  std::int64_t length;
  std::int64_t count;
};

using Line = std::vector<float>;

inline Line empty_line(const Lines& lines) {
  return Line(static_cast<std::size_t>(lines.length));
}

/// `values` [C] repeated until a line is full.
inline Line tiled(const std::vector<float>& values, const Lines& lines) {
  Line result = empty_line(lines);
  for (std::size_t j = 0; j < result.size(); ++j) result[j] = values[j % values.size()];
  return result;
}

/// Calls body(slice, first line, number of lines) for every slice.
template <typename Body>
void for_each_slice(const Lines& lines, const Body& body) {
  at::parallel_for(0, lines.slices(), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t slice = first; slice < last; ++slice) {
      const std::int64_t begin = lines.begin(slice);
      body(slice, begin, lines.begin(slice + 1) - begin);
    }
  });
}

HEADWAY_INLINE float load(float value) {
  return value;
}
HEADWAY_INLINE float load(c10::BFloat16 value) {
  return std::bit_cast<float>(std::uint32_t{value.x} << 16);
}

HEADWAY_INLINE void store(float& place, float value) {
  place = value;
}
HEADWAY_INLINE void store(c10::BFloat16& place, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);  // to nearest, ties to even
  place.x = value == value ? static_cast<std::uint16_t>(rounded >> 16) : std::uint16_t{0x7fc0};
}

/// Two sums per element of a line: a mean and squared distances from it, or those of a gradient.
struct LinePair {
  float* __restrict first;
  float* __restrict second;
};

}  // namespace headway
