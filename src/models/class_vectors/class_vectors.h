#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/component_list.h"
#include "base/registry.h"
#include "config/schema/catalog.h"

namespace headway {

/// What a draw depends on besides its distribution, and on nothing else.
struct ClassVectorsInput {
  std::int64_t classes = 0;       // K
  std::int64_t feature_size = 0;  // D
  std::int64_t seed = 0;
  std::vector<std::string> class_names = {};  // [K], or empty when not known
  Options options = {};                       // of the distribution, complete
};

/// One distribution: what it says about itself and how it is drawn, both specialised for its tag in
/// a file of its own.
template <typename Distribution>
struct ClassVectorDistribution {
  static ClassVectorsSpec spec();
  /// Draws in double, with the lengths that `norm: native` keeps. [K, D], row-major. ConfigError
  /// for more classes than the spec's largest_count.
  static std::vector<double> draw(const ClassVectorsInput& input);
};

/// To add a distribution: write class_vectors/<name>.cpp, then name it here.
using ClassVectorDistributions = ComponentList<class Gaussian,
                                               class Hadamard,
                                               class Orthonormal,
                                               class Simplex,
                                               class UniformInteger>;

using ClassVectorsDraw = std::vector<double>(const ClassVectorsInput& input);
const Registry<ClassVectorsDraw>& class_vector_distributions();

/// A drawn K x D matrix W, row-major.
struct ClassVectors {
  std::int64_t classes = 0;        // K
  std::int64_t feature_size = 0;   // D
  std::vector<float> values = {};  // [K, D]
  std::string drawn_from = {};     // JSON: distribution, options, norm, K, D, seed
  std::string sha256 = {};         // of drawn_from and the raw bytes
};

/// Draws by `config.distribution` with the options of `config`, applies the norm axis, checks
/// (finite, no two rows with cosine above 1 - 1e-6). ConfigError when K and D do not suit the
/// distribution.
ClassVectors draw_class_vectors(const ClassVectorsConfig& config, ClassVectorsInput input);

/// ConfigError of a draw for more classes than its largest_count; `expected`: "at most 11, ...".
[[noreturn]] void refuse_classes(std::string_view distribution,
                                 const ClassVectorsInput& input,
                                 std::string_view expected);

/// The largest gap cos_y - cos_other of K unit vectors that all have the same cosine with each
/// other: reached along w_y less the mean of the other vectors.
double gap_of_equal_cosines(std::int64_t classes, double cosine);

}  // namespace headway
