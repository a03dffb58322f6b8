#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "config/rules/cell.h"
#include "models/class_vectors/class_vectors.h"

namespace headway {
namespace {

std::int64_t power_of_two_from(std::int64_t value) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(value)));
}

// Row i and row i + 2^n agree in the first 2^n columns, so further rows repeat these.
std::int64_t largest_count(std::int64_t feature_size, const Options&) {
  return power_of_two_from(feature_size);
}

/// Two rows i and k have the dot product sum_j (-1)^popcount((i XOR k) AND j), in which every whole
/// block of 2^(t+1) columns cancels, t the lowest bit in which they differ. What is left of an
/// incomplete block is the distance of D from the nearest multiple of 2^(t+1).
double largest_cosine(std::int64_t classes, std::int64_t feature_size, const Options&) {
  std::int64_t largest = 0;
  for (std::int64_t block = 2; block < 2 * classes; block *= 2) {
    const std::int64_t rest = feature_size % block;
    largest = std::max(largest, std::min(rest, block - rest));
  }
  return static_cast<double>(largest) / static_cast<double>(feature_size);
}

std::optional<double> largest_gap(std::int64_t classes,
                                  std::int64_t feature_size,
                                  const Options& options) {
  if (largest_cosine(classes, feature_size, options) > 0) return std::nullopt;
  return gap_of_equal_cosines(classes, 0);
}

void check_orthogonal(Cell& cell) {
  const std::int64_t classes = cell.dataset().classes;
  const std::int64_t features = cell.feature_size();
  const Options& options = cell.class_vector_options();
  const double cosine = largest_cosine(classes, features, options);
  if (cosine == 0 || classes > largest_count(features, options)) return;
  cell.flag("hadamard_not_orthogonal",
            "class_vectors.distribution",
            fmt::format("{} hadamard vectors are orthogonal where D is a multiple of {}; with "
                        "D = {} ({}) two have a cosine of {:.3g}",
                        classes,
                        power_of_two_from(classes),
                        features,
                        cell.encoder_text(),
                        cosine));
}

}  // namespace

template <>
ClassVectorsSpec ClassVectorDistribution<Hadamard>::spec() {
  return {.component = {.name = "hadamard",
                        .summary =
                            "the first K rows and D columns of Sylvester's Hadamard matrix, "
                            "entries +1 and -1: all cosines 0 where D is a multiple of K rounded "
                            "up to a power of two; the same for every seed",
                        .source = "Hoffer et al., 'Fix your classifier', ICLR 2018; Sylvester, "
                                  "Philosophical Magazine 1867",
                        .rule = check_orthogonal},
          .largest_count = largest_count,
          .largest_count_text = "D rounded up to a power of two",
          .largest_cosine = largest_cosine,
          .largest_gap = largest_gap,
          .depends_on_seed = false,
          .native_length = [](std::int64_t feature_size, const Options&) {
            return std::sqrt(static_cast<double>(feature_size));
          }};
}

/// H_ij = (-1)^popcount(i AND j), i < K, j < D. Refuses K so large that rows repeat.
template <>
std::vector<double> ClassVectorDistribution<Hadamard>::draw(const ClassVectorsInput& input) {
  const std::int64_t largest = largest_count(input.feature_size, input.options);
  if (input.classes > largest) {
    refuse_classes("hadamard", input, fmt::format("at most {}, as further rows repeat", largest));
  }
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(input.classes * input.feature_size));
  for (std::int64_t i = 0; i < input.classes; ++i) {
    for (std::int64_t j = 0; j < input.feature_size; ++j) {
      values.push_back(std::popcount(static_cast<std::uint64_t>(i & j)) % 2 == 0 ? 1 : -1);
    }
  }
  return values;
}

}  // namespace headway
