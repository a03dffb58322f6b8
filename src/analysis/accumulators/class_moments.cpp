#include "analysis/accumulators/class_moments.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "analysis/statistics/metric.h"
#include "analysis/statistics/statistics.h"
#include "base/errors.h"

namespace headway {
namespace {

// Where each sum begins.
struct Offsets {
  explicit Offsets(const AccumulatorInputs& inputs)
      : classes(static_cast<std::size_t>(inputs.classes())),
        features(static_cast<std::size_t>(inputs.feature_size())) {}

  std::size_t class_counts() const { return 2; }  // behind the counts of samples
  std::size_t squared_norms() const { return class_counts() + classes; }
  std::size_t squared_unit_norms() const { return squared_norms() + classes; }
  std::size_t feature_sums() const { return squared_unit_norms() + classes; }
  std::size_t unit_sums() const { return feature_sums() + classes * features; }
  std::size_t second_moment() const { return unit_sums() + classes * features; }
  std::size_t end() const { return second_moment() + features * features; }

  std::size_t classes;
  std::size_t features;
};

VectorMovement movement(const AccumulatorInputs& inputs) {
  const at::TensorOptions options = at::TensorOptions(at::kCPU).dtype(at::kDouble);
  std::vector<std::int64_t> classes(static_cast<std::size_t>(inputs.classes()));
  std::iota(classes.begin(), classes.end(), std::int64_t{0});
  return {VectorSet(inputs.class_vectors.to(options), {"class vector", classes}),
          inputs.initial_class_vectors.to(options)};
}

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

void append(Metrics& metrics, const Metrics& more) {
  metrics.insert(metrics.end(), more.begin(), more.end());
}

}  // namespace

ClassMoments::ClassMoments(AccumulatorInputs inputs)
    : Accumulator(Offsets(inputs).end()), inputs_(std::move(inputs)) {
  expects(inputs_.initial_class_vectors.sizes() == inputs_.class_vectors.sizes(),
          "initial class vectors have the shape of the class vectors");
  expects(!inputs_.bias || inputs_.bias->sizes() == at::IntArrayRef({inputs_.classes()}),
          "the bias is [K]");
}

void ClassMoments::add(const SampleBatch& batch) {
  expects(batch.classes() == inputs_.classes() && batch.feature_size() == inputs_.feature_size(),
          "a batch has the class vectors that its sums were made for");
  if (batch.size() == 0) return;
  const c10::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    add_to_class(row_of(batch.features(), i), batch.squared_norms()[row], batch.labels()[row]);
  }
  // On the device of the features: this product is nearly all of the work.
  const at::Tensor z = batch.raw().features.to(at::kDouble);
  second_moment().add_(z.t().mm(z).cpu());
}

void ClassMoments::add_to_class(std::span<const double> feature,
                                double squared_norm,
                                std::int64_t label) {
  const Offsets at(inputs_);
  const std::span<double> all = values();
  const auto row = static_cast<std::size_t>(label);
  const double inverse_norm = 1 / std::max(std::sqrt(squared_norm), kCosineEpsilon);
  all[0] += 1;
  all[1] += std::isfinite(squared_norm) ? 0 : 1;
  all[at.class_counts() + row] += 1;
  all[at.squared_norms() + row] += squared_norm;
  all[at.squared_unit_norms() + row] += squared_norm * inverse_norm * inverse_norm;
  double* sums = &all[at.feature_sums() + row * at.features];
  double* units = &all[at.unit_sums() + row * at.features];
  for (std::size_t j = 0; j < at.features; ++j) {
    sums[j] += feature[j];
    units[j] += feature[j] * inverse_norm;
  }
}

FeatureGeometry ClassMoments::geometry() const {
  check_usable(*this);
  const at::Tensor present = class_counts().nonzero().flatten();  // [K']
  const auto classes = as_vector(present);
  const auto of_present = [&](const at::Tensor& rows) {
    return rows.to(class_counts().options()).index_select(0, present);
  };
  const at::Tensor counts = of_present(class_counts());
  const at::Tensor means = of_present(feature_sums()) / counts.unsqueeze(1);
  const at::Tensor global_mean = means.mean(0);
  const double mean_square = squared_norms().sum().item<double>() / samples();
  const double zero_norm = kRelativeZero * std::sqrt(mean_square);
  const at::Tensor variances =
      (of_present(squared_norms()) / counts - means.square().sum(1)).clamp_min(0);
  return {
      .sample_count = samples(),
      .class_counts = counts,
      .means = VectorSet(means, {"mean", classes}, zero_norm),
      .centred_means = VectorSet(means - global_mean, {"centred mean", classes}, zero_norm),
      .global_mean = global_mean,
      .sample_mean = feature_sums().sum(0) / samples(),
      .class_variances = variances,
      .unit_sums = of_present(unit_sums()),
      .squared_unit_norms = of_present(squared_unit_norms()),
      // A copy: in aligned memory, as linear algebra may round by the alignment of its operands.
      .second_moment = second_moment().clone(),
      .vectors = VectorSet(of_present(inputs_.class_vectors), {"class vector", classes}),
      .bias = inputs_.bias ? of_present(*inputs_.bias) : counts.new_zeros(counts.sizes())};
}

Metrics ClassMoments::metrics() const {
  const c10::NoGradGuard no_grad;
  Metrics metrics;
  try {
    metrics = statistics::FeatureStatistics::compute(geometry());
  } catch (const Undefined& undefined) {
    metrics = statistics::FeatureStatistics::missing(undefined.what());
  }
  append(metrics, statistics::VectorStatistics::compute(movement(inputs_)));
  append(metrics, statistics::PresenceStatistics::compute(*this));
  return metrics;
}

at::Tensor ClassMoments::view(std::size_t offset, at::IntArrayRef sizes) const {
  // from_blob has no read-only form; only add(), which is not const, writes through it.
  auto* first = const_cast<double*>(&values()[offset]);
  return at::from_blob(first, sizes, at::TensorOptions(at::kCPU).dtype(at::kDouble));
}

at::Tensor ClassMoments::class_counts() const {
  return view(Offsets(inputs_).class_counts(), {inputs_.classes()});
}

at::Tensor ClassMoments::squared_norms() const {
  return view(Offsets(inputs_).squared_norms(), {inputs_.classes()});
}

at::Tensor ClassMoments::squared_unit_norms() const {
  return view(Offsets(inputs_).squared_unit_norms(), {inputs_.classes()});
}

at::Tensor ClassMoments::feature_sums() const {
  return view(Offsets(inputs_).feature_sums(), {inputs_.classes(), inputs_.feature_size()});
}

at::Tensor ClassMoments::unit_sums() const {
  return view(Offsets(inputs_).unit_sums(), {inputs_.classes(), inputs_.feature_size()});
}

at::Tensor ClassMoments::second_moment() const {
  return view(Offsets(inputs_).second_moment(), {inputs_.feature_size(), inputs_.feature_size()});
}

at::Tensor ClassMoments::class_means() const {
  const c10::NoGradGuard no_grad;
  return feature_sums().div(class_counts().unsqueeze(1));  // 0/0 is NaN: no samples
}

namespace statistics {

template <>
double compute<PresentClasses>(const ClassMoments& sums) {
  return sums.class_counts().count_nonzero().item<double>();
}

}  // namespace statistics

namespace accumulators {

template <>
std::unique_ptr<Accumulator> make<Geometry>(const AccumulatorInputs& inputs) {
  return std::make_unique<ClassMoments>(inputs);
}

}  // namespace accumulators

}  // namespace headway
