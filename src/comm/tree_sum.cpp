#include "comm/tree_sum.h"

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::size_t kBlock = 1024;  // floats; the partial sums of a block stay in the L1 cache

// `out` = tree sum of arrays[0..count) over [begin, begin + length).
void sum_block(std::span<float* const> arrays, std::size_t begin, std::size_t length, float* out) {
  if (arrays.size() == 1) {
    std::copy_n(arrays[0] + begin, length, out);
    return;
  }
  if (arrays.size() == 2) {
    const float* left = arrays[0] + begin;
    const float* right = arrays[1] + begin;
    for (std::size_t i = 0; i < length; ++i) out[i] = left[i] + right[i];
    return;
  }
  std::array<float, kBlock> right{};
  sum_block(arrays.first(arrays.size() / 2), begin, length, out);
  sum_block(arrays.last(arrays.size() / 2), begin, length, right.data());
  for (std::size_t i = 0; i < length; ++i) out[i] += right[i];
}

}  // namespace

void tree_sum_into_all(std::span<float* const> arrays, std::size_t begin, std::size_t end) {
  expects(!arrays.empty() && (arrays.size() & (arrays.size() - 1)) == 0,
          "tree sums need a power of two of arrays");
  std::array<float, kBlock> sum{};
  for (std::size_t start = begin; start < end; start += kBlock) {
    const std::size_t length = std::min(kBlock, end - start);
    sum_block(arrays, start, length, sum.data());
    for (float* array : arrays) std::copy_n(sum.data(), length, array + start);
  }
}

}  // namespace headway
