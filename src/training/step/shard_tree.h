#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace headway {

/// Calls merge(left, right), which leaves the result in `left`, over a power of two of parts in the
/// fixed binary tree order that sums over ranks continue: ((p0 + p1) + (p2 + p3)) + ... The result
/// is in the first part.
template <typename Part, typename Merge>
void merge_in_tree(std::vector<Part>& parts, const Merge& merge) {
  for (std::size_t distance = 1; distance < parts.size(); distance *= 2) {
    for (std::size_t i = 0; i + distance < parts.size(); i += 2 * distance) {
      merge(parts[i], parts[i + distance]);
    }
  }
}

/// Element-wise sum of equally long rows in that order.
template <typename T>
std::vector<T> tree_sum(std::vector<std::vector<T>> rows) {
  merge_in_tree(rows, [](std::vector<T>& left, const std::vector<T>& right) {
    for (std::size_t k = 0; k < left.size(); ++k) left[k] += right[k];
  });
  return std::move(rows.front());
}

}  // namespace headway
