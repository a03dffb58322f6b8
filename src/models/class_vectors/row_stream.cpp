#include "models/class_vectors/row_stream.h"

#include <fmt/format.h>

#include <cmath>

namespace headway {

RandomStream row_stream(std::string_view distribution,
                        const ClassVectorsInput& input,
                        std::int64_t row) {
  const std::string purpose =
      fmt::format("class_vectors {} {}x{}", distribution, input.classes, input.feature_size);
  return RandomStream(
      static_cast<std::uint64_t>(input.seed), purpose, static_cast<std::uint64_t>(row));
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
