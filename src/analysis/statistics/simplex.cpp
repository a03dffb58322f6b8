// How close class means and class vectors come to a simplex: equal lengths, equal angles (nc2).
#include "analysis/statistics/simplex.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>

#include <cmath>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
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

}  // namespace

namespace statistics {

template <>
double compute<Nc2EquinormMeans>(const FeatureGeometry& g) {
  return equinorm(g.centred_means);
}

template <>
double compute<Nc2EquiangularMeans>(const FeatureGeometry& g) {
  return equiangular(g.centred_means);
}

template <>
double compute<Nc2CosineMeanMeans>(const FeatureGeometry& g) {
  return cosine_mean(g.centred_means);
}

template <>
double compute<Nc2CosineStdMeans>(const FeatureGeometry& g) {
  return cosine_std(g.centred_means);
}

template <>
double compute<Nc2EtfErrorMeans>(const FeatureGeometry& g) {
  return etf_error(g.centred_means);
}

template <>
double compute<Nc2EquinormVectors>(const VectorMovement& c) {
  return equinorm(c.vectors);
}

template <>
double compute<Nc2EquiangularVectors>(const VectorMovement& c) {
  return equiangular(c.vectors);
}

template <>
double compute<Nc2CosineMeanVectors>(const VectorMovement& c) {
  return cosine_mean(c.vectors);
}

template <>
double compute<Nc2CosineStdVectors>(const VectorMovement& c) {
  return cosine_std(c.vectors);
}

template <>
double compute<Nc2EtfErrorVectors>(const VectorMovement& c) {
  return etf_error(c.vectors);
}

}  // namespace statistics
}  // namespace headway
