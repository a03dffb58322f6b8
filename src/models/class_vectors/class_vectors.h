#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/registry.h"
#include "config/schema/trial_config.h"

namespace headway {

/// A drawn K x D matrix W, row-major. Depends on (distribution, its options, norm, K, D, seed)
/// alone.
struct ClassVectors {
  std::int64_t classes = 0;       // K
  std::int64_t feature_size = 0;  // D
  std::vector<float> values;      // [K, D]
  std::string sha256;             // over (distribution, options, norm, K, D, seed, raw bytes)
};

/// Draws in double, with the family's native norms. [K, D]
using ClassVectorsDraw = std::vector<double>(std::int64_t classes,
                                             std::int64_t feature_size,
                                             std::int64_t seed,
                                             const Options& options);
const Registry<ClassVectorsDraw>& class_vector_distributions();

/// Draws by `config.distribution`, applies the norm axis, checks (finite, no two rows with cosine
/// above 1 - 1e-6). ConfigError when K and D do not suit the distribution.
ClassVectors draw_class_vectors(const ClassVectorsConfig& config,
                                std::int64_t classes,
                                std::int64_t feature_size,
                                std::int64_t seed);

}  // namespace headway
