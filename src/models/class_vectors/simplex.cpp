#include <fmt/format.h>

#include <cmath>

#include "base/errors.h"
#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/haar.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

/// The regular simplex: unit rows with pairwise cosine -1/(K-1), in a Haar-distributed position.
///
/// With m = K - 1 and a = (1 - sqrt(1 + m)) / m, the points e_1 .. e_m and a 1 of R^m are equally
/// far from each other; less their centroid and normalised they are the simplex, which Haar's first
/// m columns of R^D carry into place. Refuses K > D + 1, where no simplex exists.
std::vector<double> draw_simplex(std::int64_t classes,
                                 std::int64_t feature_size,
                                 std::int64_t seed,
                                 const Options&) {
  const std::int64_t columns = classes - 1;
  if (columns > feature_size) {
    throw ConfigError(
        fmt::format("class_vectors.distribution: 'simplex' found {} classes in {} dimensions, "
                    "expected at most {}, one more than dimensions",
                    classes,
                    feature_size,
                    feature_size + 1));
  }
  const std::vector<double> q = haar_columns(feature_size, columns, [&](std::int64_t column) {
    return row_stream("simplex", classes, feature_size, seed, column);
  });

  // Every coordinate of the centroid is (1 + a) / K, so only the columns' sum is needed besides
  // them.
  const auto m = static_cast<double>(columns);
  const double a = (1 - std::sqrt(1 + m)) / m;
  const double center = (1 + a) / (m + 1);
  const double length = std::abs(a - center) * std::sqrt(m);  // of the last row, as of every other
  const auto size = static_cast<std::size_t>(feature_size);
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
