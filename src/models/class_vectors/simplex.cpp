#include <fmt/format.h>

#include <cmath>

#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/haar.h"
#include "models/class_vectors/row_stream.h"

namespace headway {
namespace {

std::int64_t largest_count(std::int64_t feature_size, const Options&) {
  return feature_size + 1;
}

double cosine(std::int64_t classes, std::int64_t, const Options&) {
  return -1 / static_cast<double>(classes - 1);
}

std::optional<double> largest_gap(std::int64_t classes,
                                  std::int64_t feature_size,
                                  const Options& options) {
  return gap_of_equal_cosines(classes, cosine(classes, feature_size, options));
}

}  // namespace

template <>
ClassVectorsSpec ClassVectorDistribution<Simplex>::spec() {
  return {
      .component = {.name = "simplex",
                    .summary = "a randomly rotated regular simplex: all cosines -1/(K-1); needs "
                               "K <= D + 1",
                    .source = "Papyan, Han and Donoho, 'Prevalence of neural collapse', PNAS "
                              "2020"},
      .largest_count = largest_count,
      .largest_count_text = "D + 1",
      .largest_cosine = cosine,
      .largest_gap = largest_gap,
      .sums_to_zero = true};
}

/// The regular simplex: unit rows with pairwise cosine -1/(K-1), in a Haar-distributed position.
///
/// With m = K - 1 and a = (1 - sqrt(1 + m)) / m, the points e_1 .. e_m and a 1 of R^m are equally
/// far from each other; less their centroid and normalised they are the simplex, which Haar's first
/// m columns of R^D carry into place. Refuses K > D + 1, where no simplex exists.
template <>
std::vector<double> ClassVectorDistribution<Simplex>::draw(const ClassVectorsInput& input) {
  const std::int64_t largest = largest_count(input.feature_size, input.options);
  if (input.classes > largest) {
    refuse_classes("simplex", input, fmt::format("at most {}, one more than dimensions", largest));
  }
  const std::int64_t columns = input.classes - 1;
  const std::vector<double> q = haar_columns(input.feature_size, columns, [&](std::int64_t column) {
    return row_stream("simplex", input, column);
  });

  // Every coordinate of the centroid is (1 + a) / K, so only the columns' sum is needed besides
  // them.
  const auto m = static_cast<double>(columns);
  const double a = (1 - std::sqrt(1 + m)) / m;
  const double center = (1 + a) / (m + 1);
  const double length = std::abs(a - center) * std::sqrt(m);  // of the last row, as of every other
  const auto size = static_cast<std::size_t>(input.feature_size);
  std::vector<double> sum(size);
  for (std::size_t i = 0; i < q.size(); ++i) sum[i % size] += q[i];
  std::vector<double> values(q.size() + size);
  for (std::size_t i = 0; i < q.size(); ++i) {
    values[i] = (q[i] - center * sum[i % size]) / length;
  }
  for (std::size_t i = 0; i < size; ++i) values[q.size() + i] = (a - center) * sum[i] / length;
  return values;
}

}  // namespace headway
