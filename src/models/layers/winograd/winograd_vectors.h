#pragma once

// The vectors and small matrix products of the Winograd kernels. Only they include this.

#include <cstdint>

#include "base/kernel.h"

namespace headway::winograd {

/// What a kernel is compiled for: floats in a vector, and rows of a product whose sums stay in
/// registers while it runs through the columns.
template <std::int64_t kGivenLanes, std::int64_t kGivenRows>
struct Registers {
  static constexpr std::int64_t kLanes = kGivenLanes;
  static constexpr std::int64_t kRows = kGivenRows;
};

template <std::int64_t kLanes>
struct VectorTypes {
  using Vector [[gnu::vector_size(kLanes * sizeof(float))]] = float;
  using InMemory
      [[gnu::vector_size(kLanes * sizeof(float)), gnu::aligned(sizeof(float)), gnu::may_alias]] =
          float;
};

template <std::int64_t kLanes>
using Vector = typename VectorTypes<kLanes>::Vector;

template <std::int64_t kLanes>
HEADWAY_INLINE Vector<kLanes> load(const float* from) {
  return *reinterpret_cast<const typename VectorTypes<kLanes>::InMemory*>(from);
}

template <std::int64_t kLanes>
HEADWAY_INLINE void store(float* to, Vector<kLanes> value) {
  *reinterpret_cast<typename VectorTypes<kLanes>::InMemory*>(to) = value;
}

/// a(row, k) = data[row * row_stride + k * step].
struct LeftFactor {
  const float* data;
  std::int64_t row_stride;
  std::int64_t step;
};

/// Rows that lie `stride` floats apart.
struct RightFactor {
  const float* data;
  std::int64_t stride;
};
struct ProductRows {
  float* data;
  std::int64_t stride;
};

/// kRows rows of c, `kVectors` vectors wide: c = a b, or c += a b, over `depth` products.
template <typename R, std::int64_t kVectors, bool kAdd>
HEADWAY_INLINE void multiply_block(LeftFactor a, RightFactor b, ProductRows c, std::int64_t depth) {
  constexpr std::int64_t kLanes = R::kLanes;
  Vector<kLanes> sums[R::kRows][kVectors];
#pragma GCC unroll 8
  for (std::int64_t row = 0; row < R::kRows; ++row) {
#pragma GCC unroll 2
    for (std::int64_t n = 0; n < kVectors; ++n) {
      sums[row][n] = kAdd ? load<kLanes>(c.data + row * c.stride + n * kLanes) : Vector<kLanes>{};
    }
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector<kLanes> right[kVectors];
#pragma GCC unroll 2
    for (std::int64_t n = 0; n < kVectors; ++n)
      right[n] = load<kLanes>(b.data + k * b.stride + n * kLanes);
#pragma GCC unroll 8
    for (std::int64_t row = 0; row < R::kRows; ++row) {
      const float left = a.data[row * a.row_stride + k * a.step];
#pragma GCC unroll 2
      for (std::int64_t n = 0; n < kVectors; ++n) sums[row][n] += left * right[n];
    }
  }
#pragma GCC unroll 8
  for (std::int64_t row = 0; row < R::kRows; ++row) {
#pragma GCC unroll 2
    for (std::int64_t n = 0; n < kVectors; ++n) {
      store<kLanes>(c.data + row * c.stride + n * kLanes, sums[row][n]);
    }
  }
}

// A product's columns are worked through in strips of two vectors, the last of one if need be.

/// Columns of the strip that holds `column`.
template <std::int64_t kLanes>
HEADWAY_INLINE std::int64_t strip_width(std::int64_t column, std::int64_t columns) {
  const std::int64_t first = column / (2 * kLanes) * (2 * kLanes);
  return columns - first < 2 * kLanes ? kLanes : 2 * kLanes;
}

/// Where a right factor [depth, columns] that is stored strip after strip has (k, column).
template <std::int64_t kLanes>
HEADWAY_INLINE std::int64_t in_strips(std::int64_t k,
                                      std::int64_t column,
                                      std::int64_t depth,
                                      std::int64_t columns) {
  const std::int64_t first = column / (2 * kLanes) * (2 * kLanes);
  return first * depth + k * strip_width<kLanes>(column, columns) + (column - first);
}

struct ProductSize {
  std::int64_t rows;  // rounded up to a multiple of kRows
  std::int64_t columns;
  std::int64_t depth;
};

/// c [rows, columns] = a [rows, depth] b, where b is stored in strips.
template <typename R>
HEADWAY_INLINE void multiply(LeftFactor a, const float* b, ProductRows c, ProductSize size) {
  constexpr std::int64_t kTwo = 2 * R::kLanes;
  for (std::int64_t column = 0; column < size.columns; column += kTwo) {
    const float* strip = b + column * size.depth;
    const bool two = size.columns - column >= kTwo;
    for (std::int64_t row = 0; row < size.rows; row += R::kRows) {
      const LeftFactor left{a.data + row * a.row_stride, a.row_stride, a.step};
      const ProductRows to{c.data + row * c.stride + column, c.stride};
      two ? multiply_block<R, 2, false>(left, {strip, kTwo}, to, size.depth)
          : multiply_block<R, 1, false>(left, {strip, R::kLanes}, to, size.depth);
    }
  }
}

/// c [rows, columns] += a [rows, depth] b, where b has plain rows.
template <typename R>
HEADWAY_INLINE void add_product(LeftFactor a, RightFactor b, ProductRows c, ProductSize size) {
  constexpr std::int64_t kTwo = 2 * R::kLanes;
  for (std::int64_t column = 0; column < size.columns; column += kTwo) {
    const RightFactor strip{b.data + column, b.stride};
    const bool two = size.columns - column >= kTwo;
    for (std::int64_t row = 0; row < size.rows; row += R::kRows) {
      const LeftFactor left{a.data + row * a.row_stride, a.row_stride, a.step};
      const ProductRows to{c.data + row * c.stride + column, c.stride};
      two ? multiply_block<R, 2, true>(left, strip, to, size.depth)
          : multiply_block<R, 1, true>(left, strip, to, size.depth);
    }
  }
}

}  // namespace headway::winograd
