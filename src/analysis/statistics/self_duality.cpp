// How well the class vectors align with the centred class means (nc3).
#include <ATen/TensorOperators.h>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/simplex.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

void check_not_zero(const FeatureGeometry& g) {
  g.means.check_pairs();
  defined_if(!g.centred_means.all_zero(), "the class means coincide");
  defined_if(!g.vectors.all_zero(), "all class vectors are zero");
}

// ‖W/‖W‖ - M/‖M‖‖², Frobenius norms; in [0, 4].
double self_duality(const FeatureGeometry& g) {
  check_not_zero(g);
  const at::Tensor& vectors = g.vectors.rows();
  const at::Tensor& means = g.centred_means.rows();
  return (vectors / vectors.norm() - means / means.norm()).square().sum().item<double>();
}

double self_duality_etf(const FeatureGeometry& g) {
  check_not_zero(g);
  return distance_to_simplex_gram(g.vectors.rows().mm(g.centred_means.rows().t()));
}

// cos(m_k, w_k) [K'].
at::Tensor own_cosines(const FeatureGeometry& g) {
  g.means.check_pairs();
  return g.vectors.directions().mul(g.centred_means.directions()).sum(1).clamp(-1, 1);
}

double cosine_mean(const FeatureGeometry& g) {
  return mean(own_cosines(g));
}

double cosine_std(const FeatureGeometry& g) {
  return population_std(own_cosines(g));
}

// ‖W μ_G + b‖: 0 when the logits at the global mean are.
double bias_norm(const FeatureGeometry& g) {
  return (g.vectors.rows().mv(g.global_mean) + g.bias).norm().item<double>();
}

constexpr FeatureStatistic kStatistics[] = {
    {"nc3_self_duality", self_duality},
    {"nc3_self_duality_etf", self_duality_etf},
    {"nc3_cosine_mean", cosine_mean},
    {"nc3_cosine_std", cosine_std},
    {"nc3_bias_norm", bias_norm},
};

}  // namespace

std::span<const FeatureStatistic> self_duality_statistics() {
  return kStatistics;
}

}  // namespace headway
