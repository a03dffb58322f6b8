// How close class means and class vectors come to a simplex: equal lengths, equal angles (nc2).
#include "analysis/statistics/simplex.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>

#include <cmath>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/statistics.h"

namespace headway {

double distance_to_simplex_gram(const at::Tensor& gram) {
  const std::int64_t classes = gram.size(0);
  defined_if(classes >= 2, "fewer than 2 classes are present");
  const double norm = gram.norm().item<double>();
  defined_if(norm != 0, "the matrix of inner products is zero");
  const auto count = static_cast<double>(classes);
  const at::Tensor simplex = (at::eye(classes, gram.options()) - 1 / count) / std::sqrt(count - 1);
  return (gram / norm - simplex).norm().item<double>();
}

namespace {

double equinorm(const VectorSet& set) {
  set.check_pairs();
  const double mean_norm = mean(set.norms());
  defined_if(!set.all_zero(), "all vectors are zero");
  return population_std(set.norms()) / mean_norm;
}

double equiangular(const VectorSet& set) {
  const at::Tensor& cosines = set.pair_cosines();
  return mean((cosines + 1 / static_cast<double>(set.count() - 1)).abs());
}

double cosine_mean(const VectorSet& set) {
  return mean(set.pair_cosines());
}

double cosine_std(const VectorSet& set) {
  return population_std(set.pair_cosines());
}

double etf_error(const VectorSet& set) {
  set.check_pairs();
  defined_if(!set.all_zero(), "all vectors are zero");
  return distance_to_simplex_gram(set.rows().mm(set.rows().t()));
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
    {"nc2_equinorm_means", of_means<equinorm>},
    {"nc2_equiangular_means", of_means<equiangular>},
    {"nc2_cosine_mean_means", of_means<cosine_mean>},
    {"nc2_cosine_std_means", of_means<cosine_std>},
    {"nc2_etf_error_means", of_means<etf_error>},
};

constexpr VectorStatistic kVectorStatistics[] = {
    {"nc2_equinorm_vectors", of_vectors<equinorm>},
    {"nc2_equiangular_vectors", of_vectors<equiangular>},
    {"nc2_cosine_mean_vectors", of_vectors<cosine_mean>},
    {"nc2_cosine_std_vectors", of_vectors<cosine_std>},
    {"nc2_etf_error_vectors", of_vectors<etf_error>},
};

}  // namespace

std::span<const FeatureStatistic> mean_simplex_statistics() {
  return kMeanStatistics;
}

std::span<const VectorStatistic> vector_simplex_statistics() {
  return kVectorStatistics;
}

}  // namespace headway
