#pragma once

// How an activation is cut into tiles, and Winograd's transforms of them. Only the Winograd kernels
// include this.
//
// An output tile has 2x2 pixels, the input tile that it needs 4x4: it begins a row and a column
// earlier and overlaps its neighbours. With B, G and A as in Lavin and Gray,
//   y = A' ((G g G') * (B' d B)) A      d: 4x4 input, g: 3x3 weights, *: point by point
// and so, y's gradient being e and g's being h,   h = G' (sum over tiles (A e A') * (B' d B)) G.

#include <cstdint>

#include "models/layers/winograd/winograd_kernels.h"
#include "models/layers/winograd/winograd_vectors.h"

namespace headway::winograd {

inline constexpr std::int64_t kPoints = 16;     // of a transformed tile
inline constexpr std::int64_t kInputSide = 4;   // pixels
inline constexpr std::int64_t kOutputSide = 2;  // pixels
inline constexpr std::int64_t kWeights = 9;     // 3x3, of a pair of channels

/// A transformed tile's points lie `plane` floats apart.
struct Points {
  float* data;
  std::int64_t plane;
};

inline std::int64_t tile_rows(const Convolution3x3& shape) {
  return (shape.height + 1) / kOutputSide;
}
inline std::int64_t tile_columns(const Convolution3x3& shape) {
  return (shape.width + 1) / kOutputSide;
}
inline std::int64_t tile_count(const Convolution3x3& shape) {
  return shape.images * tile_rows(shape) * tile_columns(shape);
}

/// Pixels at regular distances.
struct PixelGrid {
  const float* first;
  std::int64_t row;
  std::int64_t column;

  HEADWAY_INLINE const float* at(std::int64_t i, std::int64_t j) const {
    return first + i * row + j * column;
  }
};

/// Pixels anywhere.
template <std::int64_t kSide>
struct PixelList {
  const float* pixels[kSide * kSide];

  HEADWAY_INLINE const float* at(std::int64_t i, std::int64_t j) const {
    return pixels[i * kSide + j];
  }
};

/// Walks over the tiles of all images, row by row.
class TileWalk {
 public:
  HEADWAY_INLINE TileWalk(const Convolution3x3& shape, std::int64_t tile)
      : shape_(shape),
        rows_(tile_rows(shape)),
        columns_(tile_columns(shape)),
        image_(tile / (rows_ * columns_)),
        row_(tile / columns_ % rows_),
        column_(tile % columns_) {}

  HEADWAY_INLINE void advance() {
    if (++column_ < columns_) return;
    column_ = 0;
    if (++row_ < rows_) return;
    row_ = 0;
    ++image_;
  }

  /// Of the tile's kSide x kSide pixels, the first one being `halo` rows and columns before the
  /// output tile's: whether all lie within the image, and where they do in an activation of
  /// `channels`.
  template <std::int64_t kSide>
  HEADWAY_INLINE bool is_inside(std::int64_t halo) const {
    const std::int64_t top = kOutputSide * row_ - halo;
    const std::int64_t left = kOutputSide * column_ - halo;
    return top >= 0 && left >= 0 && top + kSide <= shape_.height && left + kSide <= shape_.width;
  }
  HEADWAY_INLINE PixelGrid grid(const float* activation,
                                std::int64_t channels,
                                std::int64_t halo) const {
    const std::int64_t first = first_pixel() - halo * (shape_.width + 1);
    return {activation + first * channels, shape_.width * channels, channels};
  }

  /// The same pixels one by one; `zero` stands for those outside of the image.
  template <std::int64_t kSide>
  HEADWAY_INLINE PixelList<kSide> list(const float* activation,
                                       std::int64_t channels,
                                       std::int64_t halo,
                                       const float* zero) const {
    const std::int64_t top = kOutputSide * row_ - halo;
    const std::int64_t left = kOutputSide * column_ - halo;
    const std::int64_t first = (image_ * shape_.height + top) * shape_.width + left;
    PixelList<kSide> result;
    for (std::int64_t i = 0; i < kSide; ++i) {
      for (std::int64_t j = 0; j < kSide; ++j) {
        const bool in_image =
            top + i >= 0 && top + i < shape_.height && left + j >= 0 && left + j < shape_.width;
        result.pixels[i * kSide + j] =
            in_image ? activation + (first + i * shape_.width + j) * channels : zero;
      }
    }
    return result;
  }

  /// Where the output tile begins, and what of it lies within the image.
  HEADWAY_INLINE std::int64_t first_pixel() const {
    return (image_ * shape_.height + kOutputSide * row_) * shape_.width + kOutputSide * column_;
  }
  HEADWAY_INLINE bool has_second_row() const { return kOutputSide * row_ + 1 < shape_.height; }
  HEADWAY_INLINE bool has_second_column() const { return kOutputSide * column_ + 1 < shape_.width; }

 private:
  const Convolution3x3& shape_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::int64_t image_;
  std::int64_t row_;
  std::int64_t column_;
};

/// B' d B of one vector of channels; d: 4x4 pixels.
template <std::int64_t kLanes, typename Pixels>
HEADWAY_INLINE void transform_input(const Pixels& pixels, std::int64_t channel, Points to) {
  Vector<kLanes> t[kInputSide][kInputSide];
#pragma GCC unroll 4
  for (std::int64_t j = 0; j < kInputSide; ++j) {
    const auto d0 = load<kLanes>(pixels.at(0, j) + channel);
    const auto d1 = load<kLanes>(pixels.at(1, j) + channel);
    const auto d2 = load<kLanes>(pixels.at(2, j) + channel);
    const auto d3 = load<kLanes>(pixels.at(3, j) + channel);
    t[0][j] = d0 - d2;
    t[1][j] = d1 + d2;
    t[2][j] = d2 - d1;
    t[3][j] = d1 - d3;
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < kInputSide; ++i) {
    float* row = to.data + i * kInputSide * to.plane;
    store<kLanes>(row, t[i][0] - t[i][2]);
    store<kLanes>(row + to.plane, t[i][1] + t[i][2]);
    store<kLanes>(row + 2 * to.plane, t[i][2] - t[i][1]);
    store<kLanes>(row + 3 * to.plane, t[i][1] - t[i][3]);
  }
}

/// A e A' of one vector of channels; e: 2x2 pixels.
template <std::int64_t kLanes, typename Pixels>
HEADWAY_INLINE void transform_output_gradient(const Pixels& pixels,
                                              std::int64_t channel,
                                              Points to) {
  Vector<kLanes> t[kInputSide][kOutputSide];
#pragma GCC unroll 2
  for (std::int64_t j = 0; j < kOutputSide; ++j) {
    const auto e0 = load<kLanes>(pixels.at(0, j) + channel);
    const auto e1 = load<kLanes>(pixels.at(1, j) + channel);
    t[0][j] = e0;
    t[1][j] = e0 + e1;
    t[2][j] = e0 - e1;
    t[3][j] = -e1;
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < kInputSide; ++i) {
    float* row = to.data + i * kInputSide * to.plane;
    store<kLanes>(row, t[i][0]);
    store<kLanes>(row + to.plane, t[i][0] + t[i][1]);
    store<kLanes>(row + 2 * to.plane, t[i][0] - t[i][1]);
    store<kLanes>(row + 3 * to.plane, -t[i][1]);
  }
}

/// y [4] = A' m A of one vector of channels: two rows of two pixels.
template <std::int64_t kLanes>
HEADWAY_INLINE void transform_product(const float* m, std::int64_t plane, Vector<kLanes>* y) {
  Vector<kLanes> t[kOutputSide][kInputSide];
#pragma GCC unroll 4
  for (std::int64_t j = 0; j < kInputSide; ++j) {
    const auto m0 = load<kLanes>(m + j * plane);
    const auto m1 = load<kLanes>(m + (4 + j) * plane);
    const auto m2 = load<kLanes>(m + (8 + j) * plane);
    const auto m3 = load<kLanes>(m + (12 + j) * plane);
    t[0][j] = m0 + m1 + m2;
    t[1][j] = m1 - m2 - m3;
  }
#pragma GCC unroll 2
  for (std::int64_t i = 0; i < kOutputSide; ++i) {
    y[2 * i] = t[i][0] + t[i][1] + t[i][2];
    y[2 * i + 1] = t[i][1] - t[i][2] - t[i][3];
  }
}

/// G g G' of one vector of pairs of channels; g [9].
template <std::int64_t kLanes>
HEADWAY_INLINE void transform_weights(const Vector<kLanes>* g, Points to) {
  Vector<kLanes> t[kInputSide][3];
#pragma GCC unroll 3
  for (std::int64_t j = 0; j < 3; ++j) {
    const auto outer = 0.5F * (g[j] + g[6 + j]);
    const auto middle = 0.5F * g[3 + j];
    t[0][j] = g[j];
    t[1][j] = outer + middle;
    t[2][j] = outer - middle;
    t[3][j] = g[6 + j];
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < kInputSide; ++i) {
    const auto outer = 0.5F * (t[i][0] + t[i][2]);
    const auto middle = 0.5F * t[i][1];
    float* row = to.data + i * kInputSide * to.plane;
    store<kLanes>(row, t[i][0]);
    store<kLanes>(row + to.plane, outer + middle);
    store<kLanes>(row + 2 * to.plane, outer - middle);
    store<kLanes>(row + 3 * to.plane, t[i][2]);
  }
}

/// G' m G of one vector of pairs of channels, to `weights` whose nine lie `stride` apart.
template <std::int64_t kLanes>
HEADWAY_INLINE void transform_to_weight_gradient(const float* m,
                                                 std::int64_t plane,
                                                 float* weights,
                                                 std::int64_t stride) {
  Vector<kLanes> t[3][kInputSide];
#pragma GCC unroll 4
  for (std::int64_t j = 0; j < kInputSide; ++j) {
    const auto m1 = load<kLanes>(m + (4 + j) * plane);
    const auto m2 = load<kLanes>(m + (8 + j) * plane);
    const auto half = 0.5F * (m1 + m2);
    t[0][j] = load<kLanes>(m + j * plane) + half;
    t[1][j] = 0.5F * (m1 - m2);
    t[2][j] = half + load<kLanes>(m + (12 + j) * plane);
  }
#pragma GCC unroll 3
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto half = 0.5F * (t[i][1] + t[i][2]);
    float* row = weights + 3 * i * stride;
    store<kLanes>(row, t[i][0] + half);
    store<kLanes>(row + stride, 0.5F * (t[i][1] - t[i][2]));
    store<kLanes>(row + 2 * stride, half + t[i][3]);
  }
}

}  // namespace headway::winograd
