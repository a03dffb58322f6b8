#include "models/class_vectors/class_vectors.h"
#include "models/class_vectors/haar.h"
#include "models/class_vectors/row_stream.h"

namespace headway {
namespace {

std::int64_t largest_count(std::int64_t feature_size, const Options&) {
  return feature_size;
}

}  // namespace

template <>
ClassVectorsSpec ClassVectorDistribution<Orthonormal>::spec() {
  return {
      .component = {.name = "orthonormal",
                    .summary =
                        "rows of a Haar-random orthogonal matrix: all cosines 0; needs K <= D",
                    .source = "Hoffer et al., 'Fix your classifier', ICLR 2018; Mezzadri, Notices "
                              "AMS 2007"},
      .largest_count = largest_count,
      .largest_count_text = "D",
      .largest_cosine = [](std::int64_t, std::int64_t, const Options&) { return 0.0; },
      .largest_gap =
          [](std::int64_t classes, std::int64_t, const Options&) {
            return std::optional(gap_of_equal_cosines(classes, 0));
          }};
}

/// K orthonormal rows, Haar-distributed. Refuses K > D, where rows cannot be orthogonal.
template <>
std::vector<double> ClassVectorDistribution<Orthonormal>::draw(const ClassVectorsInput& input) {
  if (input.classes > largest_count(input.feature_size, input.options)) {
    refuse_classes("orthonormal", input, "no more classes than dimensions");
  }
  return haar_columns(input.feature_size, input.classes, [&](std::int64_t column) {
    return row_stream("orthonormal", input, column);
  });
}

}  // namespace headway
