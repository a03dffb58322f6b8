// How evenly directions fill the unit sphere: Riesz energies (Liu et al., "Learning towards minimum
// hyperspherical energy") and uniformity (Wang and Isola).
#include <ATen/TensorOperators.h>

#include <cmath>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// Squared distance of each pair of unit vectors: 2 - 2 cos.
at::Tensor squared_distances(const VectorSet& set) {
  return 2 - 2 * set.pair_cosines();
}

at::Tensor positive_squared_distances(const VectorSet& set) {
  at::Tensor squared = squared_distances(set);
  const auto closest = squared.argmin().item<std::int64_t>();
  defined_if(!(squared[closest].item<double>() <= kRelativeZero),
             set.pair_reason(closest, "point the same way"));
  return squared;
}

double uniformity(const VectorSet& set) {
  return std::log(mean((-2 * squared_distances(set)).exp()));
}

double energy_s0(const VectorSet& set) {
  return mean(-positive_squared_distances(set).log());
}

double energy_s1(const VectorSet& set) {
  return mean(positive_squared_distances(set).rsqrt());
}

double energy_s2(const VectorSet& set) {
  return mean(positive_squared_distances(set).reciprocal());
}

}  // namespace

namespace statistics {

template <>
double compute<UniformityClassMeans>(const FeatureGeometry& g) {
  return uniformity(g.centred_means);
}

template <>
double compute<EnergyS0ClassMeans>(const FeatureGeometry& g) {
  return energy_s0(g.centred_means);
}

template <>
double compute<EnergyS1ClassMeans>(const FeatureGeometry& g) {
  return energy_s1(g.centred_means);
}

template <>
double compute<EnergyS2ClassMeans>(const FeatureGeometry& g) {
  return energy_s2(g.centred_means);
}

template <>
double compute<UniformityClassVectors>(const VectorMovement& c) {
  return uniformity(c.vectors);
}

template <>
double compute<EnergyS0ClassVectors>(const VectorMovement& c) {
  return energy_s0(c.vectors);
}

template <>
double compute<EnergyS1ClassVectors>(const VectorMovement& c) {
  return energy_s1(c.vectors);
}

template <>
double compute<EnergyS2ClassVectors>(const VectorMovement& c) {
  return energy_s2(c.vectors);
}

}  // namespace statistics
}  // namespace headway
