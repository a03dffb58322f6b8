#pragma once

#include <ATen/core/Tensor.h>

#include "analysis/statistics/vector_set.h"

namespace headway {

/// The class vectors as they are and as they were drawn. All of them, whatever the samples.
struct VectorMovement {
  VectorSet vectors;   // w_k, k = 1..K
  at::Tensor initial;  // [K, D] double
};

/// The moments that statistics of features are computed from. Rows are the K' classes that have
/// samples; everything is double, on the CPU.
struct FeatureGeometry {
  double sample_count;            // N
  at::Tensor class_counts;        // [K'] n_c
  VectorSet means;                // μ_c
  VectorSet centred_means;        // m_c = μ_c - μ_G
  at::Tensor global_mean;         // [D] μ_G, the mean of the class means
  at::Tensor sample_mean;         // [D] the mean of all samples; equal to μ_G if balanced
  at::Tensor class_variances;     // [K'] v_c = mean over class c of ‖z - μ_c‖²
  at::Tensor unit_sums;           // [K', D] u_c
  at::Tensor squared_unit_norms;  // [K'] sum over class c of ‖ẑ‖²
  at::Tensor second_moment;       // [D, D] sum of z z'
  VectorSet vectors;              // w_c
  at::Tensor bias;                // [K'], zeros if the head has none

  /// tr Σ_W; Undefined when no class has two samples, which would pass for perfect collapse.
  double within_trace() const;
  /// tr Σ_B = mean over classes of ‖m_c‖²; Undefined when the class means coincide.
  double between_trace() const;
  /// Undefined unless some class has two samples.
  void check_repeated_class() const;
};

/// A vector counts as zero below this fraction of the features' root mean square norm: what is left
/// of a difference of sums there is rounding.
constexpr double kRelativeZero = 1e-12;

}  // namespace headway
