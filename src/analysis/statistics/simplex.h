#pragma once

#include <ATen/core/Tensor.h>

namespace headway {

/// ‖G/‖G‖ - (I - J/K)/√(K-1)‖ (Frobenius norms): how far G [K, K] is from the Gram matrix of a
/// simplex, whatever its scale. 0 for a simplex. Undefined when G is zero or K < 2.
double distance_to_simplex_gram(const at::Tensor& gram);

}  // namespace headway
