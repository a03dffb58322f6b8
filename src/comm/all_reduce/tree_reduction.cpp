#include "comm/all_reduce/tree_reduction.h"

#include <algorithm>
#include <array>

#include "base/bf16.h"
#include "base/errors.h"

namespace headway {
namespace {

constexpr std::size_t kBlock = 1024;  // floats; the partial sums of a block stay in the L1 cache
using Block = std::array<float, kBlock>;

template <bool kRounds>
HEADWAY_INLINE float sum_of(float left, float right) {
  return kRounds ? rounded_to_bf16(left + right) : left + right;
}

template <bool kRounds>
HEADWAY_KERNEL void add(const float* left, const float* right, float* out, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) out[i] = sum_of<kRounds>(left[i], right[i]);
}

template <typename T>
HEADWAY_KERNEL void accumulate(T* __restrict values,
                               const T* __restrict received,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] += received[i];
}

/// `out` = tree sum over [begin, begin + length), length <= kBlock. `out` may be part of an array.
template <bool kRounds>
void sum_block(std::span<float* const> arrays, std::size_t begin, std::size_t length, float* out) {
  if (arrays.size() == 1) {
    if (arrays[0] + begin != out) std::copy_n(arrays[0] + begin, length, out);
    return;
  }
  if (arrays.size() == 2) return add<kRounds>(arrays[0] + begin, arrays[1] + begin, out, length);
  Block left;
  Block right;
  sum_block<kRounds>(arrays.first(arrays.size() / 2), begin, length, left.data());
  sum_block<kRounds>(arrays.last(arrays.size() / 2), begin, length, right.data());
  add<kRounds>(left.data(), right.data(), out, length);
}

template <bool kRounds>
void sum_into_first(const ArraySlices& slices) {
  float* target = slices.arrays.front();
  for (std::size_t start = slices.begin; start < slices.end; start += kBlock) {
    const std::size_t length = std::min(kBlock, slices.end - start);
    sum_block<kRounds>(slices.arrays, start, length, target + start);
  }
}

}  // namespace

void tree_sum_into_first(const ArraySlices& slices, SumPrecision precision) {
  const std::size_t count = slices.arrays.size();
  expects(count > 0 && (count & (count - 1)) == 0, "tree sums need a power of two of arrays");
  precision == SumPrecision::kBfloat16 ? sum_into_first<true>(slices)
                                       : sum_into_first<false>(slices);
}

void add_to(std::span<float> values, std::span<const float> received) {
  expects(values.size() == received.size(), "add_to: sizes");
  accumulate(values.data(), received.data(), values.size());
}

void add_to(std::span<double> values, std::span<const double> received) {
  expects(values.size() == received.size(), "add_to: sizes");
  accumulate(values.data(), received.data(), values.size());
}

}  // namespace headway
