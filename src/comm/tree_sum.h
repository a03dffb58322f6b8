#pragma once

#include <cstddef>
#include <span>

namespace headway {

/// Sums elements [begin, end) of `arrays` (a power of two of them) in the fixed binary tree order
/// ((a0 + a1) + (a2 + a3)) + ..., and writes the sum into every array.
void tree_sum_into_all(std::span<float* const> arrays, std::size_t begin, std::size_t end);

}  // namespace headway
