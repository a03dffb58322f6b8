// How well the class vectors align with the centred class means (nc3).
#include <ATen/TensorOperators.h>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
#include "analysis/statistics/simplex.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

void check_not_zero(const FeatureGeometry& g) {
  g.means.check_pairs();
  defined_if(!g.centred_means.all_zero(), "the class means coincide");
  defined_if(!g.vectors.all_zero(), "all class vectors are zero");
}

// cos(m_k, w_k) [K'].
at::Tensor own_cosines(const FeatureGeometry& g) {
  g.means.check_pairs();
  return g.vectors.directions().mul(g.centred_means.directions()).sum(1).clamp(-1, 1);
}

}  // namespace

namespace statistics {

// ‖W/‖W‖ - M/‖M‖‖², Frobenius norms; in [0, 4].
template <>
double compute<Nc3SelfDuality>(const FeatureGeometry& g) {
  check_not_zero(g);
  const at::Tensor& vectors = g.vectors.rows();
  const at::Tensor& means = g.centred_means.rows();
  return (vectors / vectors.norm() - means / means.norm()).square().sum().item<double>();
}

template <>
double compute<Nc3SelfDualityEtf>(const FeatureGeometry& g) {
  check_not_zero(g);
  return distance_to_simplex_gram(g.vectors.rows().mm(g.centred_means.rows().t()));
}

template <>
double compute<Nc3CosineMean>(const FeatureGeometry& g) {
  return mean(own_cosines(g));
}

template <>
double compute<Nc3CosineStd>(const FeatureGeometry& g) {
  return population_std(own_cosines(g));
}

// ‖W μ_G + b‖: 0 when the logits at the global mean are.
template <>
double compute<Nc3BiasNorm>(const FeatureGeometry& g) {
  return (g.vectors.rows().mv(g.global_mean) + g.bias).norm().item<double>();
}

}  // namespace statistics
}  // namespace headway
