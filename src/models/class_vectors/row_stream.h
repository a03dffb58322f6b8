#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/philox.h"
#include "models/class_vectors/class_vectors.h"

namespace headway {

/// The random numbers of one row (or column) of a K x D draw. Draws of other shapes share none.
RandomStream row_stream(std::string_view distribution,
                        const ClassVectorsInput& input,
                        std::int64_t row);

/// Divides by the Euclidean length; false, and nothing done, when that is zero.
bool normalize(std::span<double> row);

}  // namespace headway
