#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
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

/// Rows of a [K, D] matrix, each divided by its length.
inline std::vector<std::vector<double>> unit_rows(const std::vector<double>& rows,
                                                  std::int64_t feature_size) {
  const auto size = static_cast<std::size_t>(feature_size);
  std::vector<std::vector<double>> result;
  for (std::size_t k = 0; k < rows.size() / size; ++k) {
    const double length = row_length(rows, feature_size, static_cast<std::int64_t>(k));
    for (std::size_t d = 0; d < size; ++d) {
      if (d == 0) result.emplace_back();
      result.back().push_back(rows[k * size + d] / length);
    }
  }
  return result;
}

/// The length of the sum of the normalised rows.
inline double length_of_sum(const std::vector<double>& rows, std::int64_t feature_size) {
  std::vector<double> sum(static_cast<std::size_t>(feature_size));
  for (const std::vector<double>& row : unit_rows(rows, feature_size)) {
    std::ranges::transform(sum, row, sum.begin(), std::plus<>{});
  }
  return row_length(sum, feature_size, 0);
}

struct Bounds {
  double lower = 0;
  double upper = 0;
};

/// max over unit x of min over v of <x, v> is the distance of the origin from the vectors' convex
/// hull. Frank and Wolfe's algorithm with exact line search, from the mean: any point of the hull
/// bounds the distance from above, the smallest <x, v> at its direction from below.
inline Bounds distance_of_hull(const std::vector<std::vector<double>>& vectors) {
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  std::vector<double> point(vectors.front().size());
  for (const auto& v : vectors) {
    for (std::size_t d = 0; d < v.size(); ++d) {
      point[d] += v[d] / static_cast<double>(vectors.size());
    }
  }
  Bounds bounds;
  for (int step = 0; step < 1000; ++step) {
    const auto nearest = std::ranges::min_element(
        vectors, {}, [&](const std::vector<double>& v) { return dot(point, v); });
    const double length = std::sqrt(dot(point, point));
    bounds = {dot(point, *nearest) / length, length};
    std::vector<double> move = *nearest;
    for (std::size_t d = 0; d < move.size(); ++d) move[d] -= point[d];
    const double square = dot(move, move);
    if (bounds.upper - bounds.lower < 1e-9 || square == 0) break;
    const double share = std::clamp(-dot(point, move) / square, 0.0, 1.0);
    for (std::size_t d = 0; d < move.size(); ++d) point[d] += share * move[d];
  }
  return bounds;
}

/// The largest gap cos_y - cos_other that a feature of every class y can have to all others.
inline Bounds largest_gap(const std::vector<double>& rows, std::int64_t feature_size) {
  const auto unit = unit_rows(rows, feature_size);
  Bounds smallest{2, 2};
  for (std::size_t y = 0; y < unit.size(); ++y) {
    std::vector<std::vector<double>> differences;
    for (std::size_t k = 0; k < unit.size(); ++k) {
      if (k == y) continue;
      differences.push_back(unit[y]);
      for (std::size_t d = 0; d < unit[k].size(); ++d) differences.back()[d] -= unit[k][d];
    }
    const Bounds found = distance_of_hull(differences);
    smallest = {std::min(smallest.lower, found.lower), std::min(smallest.upper, found.upper)};
  }
  return smallest;
}

}  // namespace headway
