#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

/// N(0, 1)^D divided by its length: uniform on the sphere.
std::vector<double> draw_gaussian(std::int64_t classes,
                                  std::int64_t feature_size,
                                  std::int64_t seed,
                                  const Options&) {
  const auto size = static_cast<std::size_t>(feature_size);
  std::vector<double> values(static_cast<std::size_t>(classes) * size);
  for (std::int64_t k = 0; k < classes; ++k) {
    const auto row = std::span(values).subspan(static_cast<std::size_t>(k) * size, size);
    RandomStream stream = row_stream("gaussian", classes, feature_size, seed, k);
    do {
      for (double& value : row) value = stream.normal();
    } while (!normalize(row));
  }
  return values;
}

}  // namespace headway
