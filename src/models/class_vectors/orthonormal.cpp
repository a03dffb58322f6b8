#include <fmt/format.h>

#include "base/errors.h"
#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/haar.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

/// K orthonormal rows, Haar-distributed. Refuses K > D, where rows cannot be orthogonal.
std::vector<double> draw_orthonormal(std::int64_t classes,
                                     std::int64_t feature_size,
                                     std::int64_t seed,
                                     const Options&) {
  if (classes > feature_size) {
    throw ConfigError(fmt::format(
        "class_vectors.distribution: 'orthonormal' found {} classes in {} dimensions, expected no "
        "more classes than dimensions",
        classes,
        feature_size));
  }
  return haar_columns(feature_size, classes, [&](std::int64_t column) {
    return row_stream("orthonormal", classes, feature_size, seed, column);
  });
}

}  // namespace headway
