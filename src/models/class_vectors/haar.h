#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/philox.h"

namespace headway {

/// Orthonormal columns q_0 .. q_(columns-1) of a Haar-distributed matrix, each of `size` >=
/// `columns` entries; the result is [columns, size], row-major. QR of a matrix of N(0, 1) entries,
/// column j from `stream(j)`, by Householder reflections, with Q <- Q diag(sign R_jj) (Mezzadri,
/// "How to generate random matrices from the classical compact groups", Notices AMS 54, 2007).
std::vector<double> haar_columns(std::int64_t size,
                                 std::int64_t columns,
                                 const std::function<RandomStream(std::int64_t)>& stream);

}  // namespace headway
