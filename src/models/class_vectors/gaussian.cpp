#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

template <>
ClassVectorsSpec ClassVectorDistribution<Gaussian>::spec() {
  return {.component = {.name = "gaussian",
                        .summary = "independent standard normal entries, rows normalised: uniform "
                                   "on the sphere",
                        .source = "RandomCode of coding_theoretic_hpl"}};
}

/// N(0, 1)^D divided by its length: uniform on the sphere.
template <>
std::vector<double> ClassVectorDistribution<Gaussian>::draw(const ClassVectorsInput& input) {
  const auto size = static_cast<std::size_t>(input.feature_size);
  std::vector<double> values(static_cast<std::size_t>(input.classes) * size);
  for (std::int64_t k = 0; k < input.classes; ++k) {
    const auto row = std::span(values).subspan(static_cast<std::size_t>(k) * size, size);
    RandomStream stream = row_stream("gaussian", input, k);
    do {
      for (double& value : row) value = stream.normal();
    } while (!normalize(row));
  }
  return values;
}

}  // namespace headway
