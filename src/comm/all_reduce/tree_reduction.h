#pragma once

#include <cstddef>
#include <span>

#include "comm/communicator.h"

namespace headway {

/// Elements [begin, end) of arrays that lie in one memory, a power of two of them.
struct ArraySlices {
  std::span<float* const> arrays;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Sums the slices in the fixed binary tree order ((a0 + a1) + (a2 + a3)) + ..., each partial sum
/// rounded to `precision`, and writes the sum into the first array.
void tree_sum_into_first(const ArraySlices& slices, SumPrecision precision);

/// values[i] += received[i]. Sizes must be equal.
void add_to(std::span<float> values, std::span<const float> received);
void add_to(std::span<double> values, std::span<const double> received);

}  // namespace headway
