// Of how many dimensions the features make use.
#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_eigvalsh.h>

#include <cmath>
#include <limits>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// exp of the entropy of the singular values of the features, normalised to sum 1 (Roy and
// Vetterli). Eigenvalues of the second moment within rounding of 0 are 0.
double effective_rank(const FeatureGeometry& g) {
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
double participation_ratio(const FeatureGeometry& g) {
  const at::Tensor covariance =
      g.second_moment / g.sample_count - g.sample_mean.outer(g.sample_mean);
  const double trace = covariance.trace().item<double>();
  const double scale = g.second_moment.trace().item<double>() / g.sample_count;
  defined_if(trace > kRelativeZero * scale, "all features are equal");
  return trace * trace / covariance.square().sum().item<double>();
}

constexpr FeatureStatistic kStatistics[] = {
    {"effective_rank", effective_rank},
    {"participation_ratio", participation_ratio},
};

}  // namespace

std::span<const FeatureStatistic> spectrum_statistics() {
  return kStatistics;
}

}  // namespace headway
