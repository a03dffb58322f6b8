#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace headway {

template <typename T>
double row_length(const std::vector<T>& rows, std::int64_t feature_size, std::int64_t row) {
  double square = 0;
  for (std::int64_t d = 0; d < feature_size; ++d) {
    const auto value = static_cast<double>(rows[static_cast<std::size_t>(row * feature_size + d)]);
    square += value * value;
  }
  return std::sqrt(square);
}

/// Cosines of all pairs of different rows of a [K, D] matrix, in double.
template <typename T>
std::vector<double> pairwise_cosines(const std::vector<T>& rows, std::int64_t feature_size) {
  const auto size = static_cast<std::size_t>(feature_size);
  std::vector<double> lengths;
  for (std::size_t k = 0; k < rows.size() / size; ++k) {
    lengths.push_back(row_length(rows, feature_size, static_cast<std::int64_t>(k)));
  }
  std::vector<double> cosines;
  for (std::size_t j = 1; j < lengths.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      double dot = 0;
      for (std::size_t d = 0; d < size; ++d) {
        dot += static_cast<double>(rows[i * size + d]) * static_cast<double>(rows[j * size + d]);
      }
      cosines.push_back(dot / (lengths[i] * lengths[j]));
    }
  }
  return cosines;
}

}  // namespace headway
