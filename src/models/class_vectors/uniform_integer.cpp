#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

template <>
ClassVectorsSpec ClassVectorDistribution<UniformInteger>::spec() {
  return {
      .component = {.name = "uniform_integer",
                    .summary = "independent integers uniform in -100 .. 99, rows normalised",
                    .source = "arXiv 2011.08704; github.com/MLSpeech/FixedClassificationLayer"}};
}

/// Integers uniform in {-100, ..., 99}, divided by the row's length; a zero row is drawn again. As
/// in the code of arXiv 2011.08704 (numpy's randint(-100, 100)).
template <>
std::vector<double> ClassVectorDistribution<UniformInteger>::draw(const ClassVectorsInput& input) {
  constexpr std::uint64_t kIntegers = 200;
  constexpr double kSmallest = -100;
  const auto size = static_cast<std::size_t>(input.feature_size);
  std::vector<double> values(static_cast<std::size_t>(input.classes) * size);
  for (std::int64_t k = 0; k < input.classes; ++k) {
    const auto row = std::span(values).subspan(static_cast<std::size_t>(k) * size, size);
    RandomStream stream = row_stream("uniform_integer", input, k);
    do {
      for (double& value : row) value = kSmallest + static_cast<double>(stream.below(kIntegers));
    } while (!normalize(row));
  }
  return values;
}

}  // namespace headway
