#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/row_stream.h"

namespace headway {

/// Integers uniform in {-100, ..., 99}, divided by the row's length; a zero row is drawn again. As
/// in the code of arXiv 2011.08704 (numpy's randint(-100, 100)).
std::vector<double> draw_uniform_integer(std::int64_t classes,
                                         std::int64_t feature_size,
                                         std::int64_t seed,
                                         const Options&) {
  constexpr std::uint64_t kIntegers = 200;
  constexpr double kSmallest = -100;
  const auto size = static_cast<std::size_t>(feature_size);
  std::vector<double> values(static_cast<std::size_t>(classes) * size);
  for (std::int64_t k = 0; k < classes; ++k) {
    const auto row = std::span(values).subspan(static_cast<std::size_t>(k) * size, size);
    RandomStream stream = row_stream("uniform_integer", classes, feature_size, seed, k);
    do {
      for (double& value : row) value = kSmallest + static_cast<double>(stream.below(kIntegers));
    } while (!normalize(row));
  }
  return values;
}

}  // namespace headway
