#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

/// A vector shorter than this has no direction: cosines divide by at least this norm.
constexpr double kCosineEpsilon = 1e-12;

/// Rows of matrix [N, D] divided by max(norm, kCosineEpsilon).
at::Tensor unit_rows(const at::Tensor& matrix);

/// The entries [N(N-1)/2] of a square matrix [N, N] above its diagonal, row by row.
at::Tensor upper_triangle(const at::Tensor& square);

double mean(const at::Tensor& values);
/// With divisor n, not n - 1.
double population_std(const at::Tensor& values);

/// One vector for each of K classes, with the lengths and cosines that many statistics share.
/// Asking for what the vectors do not have (a direction, a pair) throws Undefined.
class VectorSet {
 public:
  struct Names {
    std::string singular;               // in reasons: "class vector"
    std::vector<std::int64_t> classes;  // the class of each row
  };

  /// rows [K, D] double; a norm of at most `zero_norm` counts as zero.
  VectorSet(at::Tensor rows, Names names, double zero_norm = kCosineEpsilon);

  const at::Tensor& rows() const { return rows_; }    // [K, D]
  const at::Tensor& norms() const { return norms_; }  // [K]
  std::int64_t count() const { return rows_.size(0); }
  bool all_zero() const;
  /// Unit rows [K, D]; Undefined when one of the vectors is zero.
  const at::Tensor& directions() const;
  /// cos of each pair i < j [K(K-1)/2]; Undefined for a single or a zero vector.
  const at::Tensor& pair_cosines() const;
  /// ‖row_i - row_j‖ of each pair i < j; Undefined for a single vector or when two coincide.
  at::Tensor pair_distances() const;
  /// Undefined when there is no pair.
  void check_pairs() const;
  /// `what`, for the pair with index `pair` among i < j: "class vectors 2 and 5 <what>".
  std::string pair_reason(std::int64_t pair, const std::string& what) const;

 private:
  at::Tensor rows_;
  Names names_;
  double zero_norm_;
  at::Tensor norms_;
  at::Tensor directions_;
  at::Tensor pair_cosines_;
};

}  // namespace headway
