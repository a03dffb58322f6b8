#include "analysis/statistics/feature_geometry.h"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "analysis/statistics/metric.h"

namespace headway {
namespace {

void check_usable(const ClassMoments& sums) {
  const double samples = sums.samples();
  const double unusable = sums.unusable();
  defined_if(samples > 0, "the split has no samples");
  defined_if(unusable == 0,
             fmt::format("{} of {} samples have features that are not finite", unusable, samples));
}

std::vector<std::int64_t> as_vector(const at::Tensor& integers) {
  const auto* first = integers.const_data_ptr<std::int64_t>();
  return {first, first + integers.numel()};
}

}  // namespace

void FeatureGeometry::check_repeated_class() const {
  defined_if(class_counts.max().item<double>() > 1, "no class has 2 samples");
}

double FeatureGeometry::within_trace() const {
  check_repeated_class();
  return class_variances.dot(class_counts).item<double>() / sample_count;
}

double FeatureGeometry::between_trace() const {
  means.check_pairs();
  defined_if(!centred_means.all_zero(), "the class means coincide");
  return mean(centred_means.norms().square());
}

FeatureGeometry feature_geometry(const ClassMoments& sums,
                                 const at::Tensor& class_vectors,
                                 const std::optional<at::Tensor>& bias) {
  check_usable(sums);
  const double samples = sums.samples();
  const at::Tensor present = sums.class_counts().nonzero().flatten();  // [K']
  const auto classes = as_vector(present);
  const auto of_present = [&](const at::Tensor& rows) {
    return rows.to(sums.class_counts().options()).index_select(0, present);
  };
  const at::Tensor counts = of_present(sums.class_counts());
  const at::Tensor means = of_present(sums.feature_sums()) / counts.unsqueeze(1);
  const at::Tensor global_mean = means.mean(0);
  const double mean_square = sums.squared_norms().sum().item<double>() / samples;
  const double zero_norm = kRelativeZero * std::sqrt(mean_square);
  const at::Tensor variances =
      (of_present(sums.squared_norms()) / counts - means.square().sum(1)).clamp_min(0);
  return {
      .sample_count = samples,
      .class_counts = counts,
      .means = VectorSet(means, {"mean", classes}, zero_norm),
      .centred_means = VectorSet(means - global_mean, {"centred mean", classes}, zero_norm),
      .global_mean = global_mean,
      .sample_mean = sums.feature_sums().sum(0) / samples,
      .class_variances = variances,
      .unit_sums = of_present(sums.unit_sums()),
      .squared_unit_norms = of_present(sums.squared_unit_norms()),
      // A copy: in aligned memory, as linear algebra may round by the alignment of its operands.
      .second_moment = sums.second_moment().clone(),
      .vectors = VectorSet(of_present(class_vectors), {"class vector", classes}),
      .bias = bias ? of_present(*bias) : counts.new_zeros(counts.sizes())};
}

}  // namespace headway
