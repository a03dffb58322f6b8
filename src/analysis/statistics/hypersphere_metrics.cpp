#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kMeans = "class_means";
constexpr const char* kVectors = "class_vectors";
constexpr const char* kLiu = "Liu et al., 'Minimum hyperspherical energy', NeurIPS 2018";

// A statistic of the distances of pairs of normalised vectors.
MetricSpec of_pairs(const std::string& name,
                    const std::string& points,
                    const std::string& formula,
                    const std::string& source) {
  const bool means = points == kMeans;
  return {.name = name + "_" + points,
          .summary = formula + ", d the distance of the " +
                     (means ? "centred class means" : "class vectors") + ", normalised",
          .source = source};
}

MetricSpec uniformity(const std::string& points) {
  return of_pairs("uniformity",
                  points,
                  "log of the mean over pairs of exp(-2 d^2)",
                  "Wang and Isola, ICML 2020");
}

MetricSpec energy_s0(const std::string& points) {
  return of_pairs("energy_s0", points, "mean over pairs of -log d^2", kLiu);
}

MetricSpec energy_s1(const std::string& points) {
  return of_pairs("energy_s1", points, "mean over pairs of 1 / d", kLiu);
}

MetricSpec energy_s2(const std::string& points) {
  return of_pairs("energy_s2", points, "mean over pairs of 1 / d^2", kLiu);
}

}  // namespace

namespace statistics {

template <>
MetricSpec describe<UniformityClassMeans>() {
  return uniformity(kMeans);
}

template <>
MetricSpec describe<EnergyS0ClassMeans>() {
  return energy_s0(kMeans);
}

template <>
MetricSpec describe<EnergyS1ClassMeans>() {
  return energy_s1(kMeans);
}

template <>
MetricSpec describe<EnergyS2ClassMeans>() {
  return energy_s2(kMeans);
}

template <>
MetricSpec describe<UniformityClassVectors>() {
  return uniformity(kVectors);
}

template <>
MetricSpec describe<EnergyS0ClassVectors>() {
  return energy_s0(kVectors);
}

template <>
MetricSpec describe<EnergyS1ClassVectors>() {
  return energy_s1(kVectors);
}

template <>
MetricSpec describe<EnergyS2ClassVectors>() {
  return energy_s2(kVectors);
}

}  // namespace statistics
}  // namespace headway
