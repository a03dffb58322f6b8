#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace headway {

/// Element-wise sum of a power of two of equally long rows, in the fixed binary tree order that the
/// sum over ranks continues: ((r0 + r1) + (r2 + r3)) + ...
template <typename T>
std::vector<T> tree_sum(std::vector<std::vector<T>> rows) {
  for (std::size_t distance = 1; distance < rows.size(); distance *= 2) {
    for (std::size_t i = 0; i + distance < rows.size(); i += 2 * distance) {
      for (std::size_t k = 0; k < rows[i].size(); ++k) rows[i][k] += rows[i + distance][k];
    }
  }
  return std::move(rows.front());
}

}  // namespace headway
