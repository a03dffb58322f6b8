// How evenly directions fill the unit sphere: Riesz energies (Liu et al., "Learning towards minimum
// hyperspherical energy") and uniformity (Wang and Isola).
#include <ATen/TensorOperators.h>

#include <cmath>

#include "analysis/statistics/measure.h"
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

template <double (*statistic)(const VectorSet&)>
double of_means(const FeatureGeometry& g) {
  return statistic(g.centred_means);
}

template <double (*statistic)(const VectorSet&)>
double of_vectors(const VectorMovement& c) {
  return statistic(c.vectors);
}

constexpr FeatureStatistic kMeanStatistics[] = {
    {"uniformity_class_means", of_means<uniformity>},
    {"energy_s0_class_means", of_means<energy_s0>},
    {"energy_s1_class_means", of_means<energy_s1>},
    {"energy_s2_class_means", of_means<energy_s2>},
};

constexpr VectorStatistic kVectorStatistics[] = {
    {"uniformity_class_vectors", of_vectors<uniformity>},
    {"energy_s0_class_vectors", of_vectors<energy_s0>},
    {"energy_s1_class_vectors", of_vectors<energy_s1>},
    {"energy_s2_class_vectors", of_vectors<energy_s2>},
};

}  // namespace

std::span<const FeatureStatistic> mean_hypersphere_statistics() {
  return kMeanStatistics;
}

std::span<const VectorStatistic> vector_hypersphere_statistics() {
  return kVectorStatistics;
}

}  // namespace headway
