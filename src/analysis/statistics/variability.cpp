// How far samples scatter about their class means, against how far the means lie apart; of how many
// dimensions the features make use.
#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_svd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// How many of the descending `eigenvalues` the pseudo-inverse of Σ_B inverts: at most
// `largest_rank`, and only those above rounding.
std::int64_t inverted_count(const at::Tensor& eigenvalues,
                            std::int64_t largest_rank,
                            std::int64_t dimension) {
  const double threshold = static_cast<double>(dimension) * std::numeric_limits<double>::epsilon() *
                           eigenvalues[0].item<double>();
  return std::min(largest_rank, eigenvalues.gt(threshold).sum().item<std::int64_t>());
}

}  // namespace

namespace statistics {

// tr(Σ_W Σ_B⁺) / K'. The singular vectors of the centred means are the eigenvectors u_i of Σ_B, so
// that only u_i' Σ_W u_i is needed, never Σ_W.
template <>
double compute<Nc1Pinv>(const FeatureGeometry& g) {
  g.between_trace();
  g.check_repeated_class();
  const auto classes = static_cast<double>(g.means.count());
  const auto [left, singular_values, right] =
      at::linalg_svd(g.centred_means.rows(), /*full_matrices=*/false);
  const at::Tensor eigenvalues = singular_values.square() / classes;  // of Σ_B
  const std::int64_t features = right.size(1);
  const std::int64_t rank = inverted_count(
      eigenvalues, std::min(g.means.count() - 1, features), std::max(g.means.count(), features));
  const at::Tensor directions = right.slice(0, 0, rank);  // [r, D]
  const at::Tensor uncentred = directions.mm(g.second_moment).mul(directions).sum(1);
  const at::Tensor between = directions.mm(g.means.rows().t()).square().mv(g.class_counts);
  const at::Tensor within = (uncentred - between).div(g.sample_count).clamp_min(0);  // [r]
  return within.div(eigenvalues.slice(0, 0, rank)).sum().item<double>() / classes;
}

template <>
double compute<Nc1Quotient>(const FeatureGeometry& g) {
  return g.within_trace() / g.between_trace();
}

// Mean over pairs of (v_i + v_j) / (2 ‖μ_i - μ_j‖²).
template <>
double compute<Nc1Cdnv>(const FeatureGeometry& g) {
  g.check_repeated_class();
  const at::Tensor distances = g.means.pair_distances();
  const at::Tensor sums =
      upper_triangle(g.class_variances.unsqueeze(0) + g.class_variances.unsqueeze(1));
  return mean(sums / (2 * distances.square()));
}

// η²: the part of the total variance that lies between classes.
template <>
double compute<BetweenVarianceFraction>(const FeatureGeometry& g) {
  g.means.check_pairs();
  const at::Tensor squared_distances = (g.means.rows() - g.sample_mean).square().sum(1);
  const double between = squared_distances.dot(g.class_counts).item<double>() / g.sample_count;
  const double total = between + g.within_trace();
  defined_if(total > 0, "all features are equal");
  return between / total;
}

// exp of the entropy of the singular values of the features, normalised to sum 1 (Roy and
// Vetterli). Eigenvalues of the second moment within rounding of 0 are 0.
template <>
double compute<EffectiveRank>(const FeatureGeometry& g) {
  const at::Tensor eigenvalues = at::linalg_eigvalsh(g.second_moment);  // ascending
  const double largest = eigenvalues[-1].item<double>();
  defined_if(largest > 0, "all features are zero");
  const double threshold =
      static_cast<double>(eigenvalues.numel()) * std::numeric_limits<double>::epsilon() * largest;
  const at::Tensor singular_values = eigenvalues.masked_select(eigenvalues.gt(threshold)).sqrt();
  const at::Tensor share = singular_values / singular_values.sum();
  return std::exp(-share.mul(share.log()).sum().item<double>());
}

// (tr C)² / ‖C‖² of the covariance C of all samples.
template <>
double compute<ParticipationRatio>(const FeatureGeometry& g) {
  const at::Tensor covariance =
      g.second_moment / g.sample_count - g.sample_mean.outer(g.sample_mean);
  const double trace = covariance.trace().item<double>();
  const double scale = g.second_moment.trace().item<double>() / g.sample_count;
  defined_if(trace > kRelativeZero * scale, "all features are equal");
  return trace * trace / covariance.square().sum().item<double>();
}

}  // namespace statistics
}  // namespace headway
