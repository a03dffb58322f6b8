#include "models/class_vectors/row_stream.h"

#include <fmt/format.h>

#include <cmath>

namespace headway {

RandomStream row_stream(std::string_view distribution,
                        std::int64_t classes,
                        std::int64_t feature_size,
                        std::int64_t seed,
                        std::int64_t row) {
  const std::string purpose =
      fmt::format("class_vectors {} {}x{}", distribution, classes, feature_size);
  return RandomStream(static_cast<std::uint64_t>(seed), purpose, static_cast<std::uint64_t>(row));
}

bool normalize(std::span<double> row) {
  double square = 0;
  for (const double value : row) square += value * value;
  if (square == 0) return false;
  const double length = std::sqrt(square);
  for (double& value : row) value /= length;
  return true;
}

}  // namespace headway
