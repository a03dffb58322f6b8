// Cosines of samples with their class mean, and of pairs of samples within and between classes.
#include <ATen/TensorOperators.h>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// Per class the sum over ordered pairs of different samples of their cosine [K'].
at::Tensor pair_cosine_sums(const FeatureGeometry& g) {
  return g.unit_sums.square().sum(1) - g.squared_unit_norms;
}

// Per class the number of ordered pairs of different samples [K'].
at::Tensor pair_counts(const FeatureGeometry& g) {
  return g.class_counts * (g.class_counts - 1);
}

}  // namespace

namespace statistics {

// Mean over samples of cos(z, μ_y).
template <>
double compute<IntraClassCompactness>(const FeatureGeometry& g) {
  g.check_repeated_class();
  return g.unit_sums.mul(g.means.directions()).sum().item<double>() / g.sample_count;
}

template <>
double compute<IntraClassPairwiseCosine>(const FeatureGeometry& g) {
  g.check_repeated_class();
  const at::Tensor pairs = pair_counts(g);
  return mean((pair_cosine_sums(g) / pairs).masked_select(pairs.gt(0)));
}

template <>
double compute<InterClassPairwiseCosine>(const FeatureGeometry& g) {
  g.means.check_pairs();
  const at::Tensor unit_means = g.unit_sums / g.class_counts.unsqueeze(1);
  return mean(upper_triangle(unit_means.mm(unit_means.t())));
}

template <>
double compute<CosineGap>(const FeatureGeometry& g) {
  return compute<IntraClassPairwiseCosine>(g) - compute<InterClassPairwiseCosine>(g);
}

template <>
double compute<InterClassCosineMean>(const FeatureGeometry& g) {
  return mean(g.means.pair_cosines());
}

template <>
double compute<InterClassCosineMax>(const FeatureGeometry& g) {
  return g.means.pair_cosines().max().item<double>();
}

template <>
double compute<InterClassSeparability>(const FeatureGeometry& g) {
  return 1 - compute<InterClassCosineMean>(g);
}

// Mean squared distance of two unit features of one class, over all such pairs (Wang and Isola's
// alignment with exponent 2).
template <>
double compute<SampleAlignment>(const FeatureGeometry& g) {
  g.check_repeated_class();
  return 2 - 2 * (pair_cosine_sums(g).sum() / pair_counts(g).sum()).item<double>();
}

}  // namespace statistics
}  // namespace headway
