#include "analysis/accumulators/split_sums.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/accumulators/logit_score.h"
#include "analysis/statistics/vector_set.h"
#include "base/errors.h"

namespace headway {
namespace {

constexpr std::size_t kOutcomesAt = SplitSums::kTotals;
constexpr std::size_t kGeometryAt =
    kOutcomesAt + static_cast<std::size_t>(SplitSums::kOutcomes) * SplitSums::kTraits;

// Where each geometry sum begins, relative to the first.
struct GeometryOffsets {
  explicit GeometryOffsets(const SplitShape& shape)
      : classes(static_cast<std::size_t>(shape.classes)),
        features(static_cast<std::size_t>(shape.feature_size)) {}

  std::size_t class_counts() const { return 0; }
  std::size_t squared_norms() const { return classes; }
  std::size_t squared_unit_norms() const { return 2 * classes; }
  std::size_t feature_sums() const { return 3 * classes; }
  std::size_t unit_sums() const { return feature_sums() + classes * features; }
  std::size_t second_moment() const { return unit_sums() + classes * features; }
  std::size_t end() const { return second_moment() + features * features; }

  std::size_t classes;
  std::size_t features;
};

std::size_t trait_index(SplitSums::Outcome outcome, SplitSums::Trait trait) {
  return kOutcomesAt + static_cast<std::size_t>(outcome) * SplitSums::kTraits + trait;
}

at::Tensor on_cpu_as_double(const at::Tensor& tensor) {
  return tensor.to(at::TensorOptions(at::kCPU).dtype(at::kDouble)).contiguous();
}

std::span<const double> row_of(const at::Tensor& matrix, std::int64_t row) {
  const auto width = static_cast<std::size_t>(matrix.size(1));
  return {matrix.const_data_ptr<double>() + static_cast<std::size_t>(row) * width, width};
}

}  // namespace

struct SplitSums::Sample {
  std::int64_t label;
  std::span<const double> feature;  // [D]
  std::span<const double> logits;   // [K]
  std::span<const double> cosines;  // [K] with the class vectors
  double squared_norm;
};

SplitSums::SplitSums(const SplitShape& shape)
    : shape_(shape),
      values_(kGeometryAt + (shape.geometry ? GeometryOffsets(shape).end() : std::size_t{0})) {
  expects(shape.classes > 0 && shape.feature_size > 0, "split sums need classes and features");
}

void SplitSums::add(const at::Tensor& features,
                    const at::Tensor& logits,
                    const at::Tensor& labels,
                    const at::Tensor& class_vectors) {
  const c10::NoGradGuard no_grad;
  const std::int64_t count = labels.numel();
  expects(features.sizes() == at::IntArrayRef({count, shape_.feature_size}), "features are [B, D]");
  expects(logits.sizes() == at::IntArrayRef({count, shape_.classes}), "logits are [B, K]");
  expects(class_vectors.sizes() == at::IntArrayRef({shape_.classes, shape_.feature_size}),
          "class vectors are [K, D]");
  if (count == 0) return;
  const at::Tensor z = on_cpu_as_double(features);
  const at::Tensor scores = on_cpu_as_double(logits);
  const at::Tensor targets = labels.to(at::TensorOptions(at::kCPU).dtype(at::kLong)).contiguous();
  const at::Tensor cosines =
      unit_rows(z).mm(unit_rows(on_cpu_as_double(class_vectors)).t());  // [B, K]
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = targets.const_data_ptr<std::int64_t>()[i];
    expects(label >= 0 && label < shape_.classes, "labels are in [0, K)");
    const auto feature = row_of(z, i);
    const double squared_norm =
        std::inner_product(feature.begin(), feature.end(), feature.begin(), 0.0);
    const Sample sample{label, feature, row_of(scores, i), row_of(cosines, i), squared_norm};
    add_scores(sample);
    if (shape_.geometry) add_to_class(sample);
  }
  if (shape_.geometry) add_second_moment(features);
}

void SplitSums::add_scores(const Sample& sample) {
  const LogitScore score = score_logits(sample.logits, sample.label);
  values_[kSamples] += 1;
  values_[kUnusableLogits] += score.finite ? 0 : 1;
  values_[kUnusableFeatures] += std::isfinite(sample.squared_norm) ? 0 : 1;
  values_[kLoss] += score.cross_entropy;
  values_[kTop1] += score.rank == 0 ? 1 : 0;
  values_[kTop5] += score.rank < kTopFive ? 1 : 0;
  values_[kMargin] += score.margin;

  const double largest_cosine = *std::max_element(sample.cosines.begin(), sample.cosines.end());
  double* traits = &values_[trait_index(score.rank == 0 ? kCorrect : kWrong, kCount)];
  traits[kCount] += 1;
  traits[kNorm] += std::sqrt(sample.squared_norm);
  traits[kSquaredNorm] += sample.squared_norm;
  traits[kLargestCosine] += largest_cosine;
  traits[kSquaredLargestCosine] += largest_cosine * largest_cosine;
  traits[kOwnCosine] += sample.cosines[static_cast<std::size_t>(sample.label)];
}

void SplitSums::add_to_class(const Sample& sample) {
  const GeometryOffsets offsets(shape_);
  double* const geometry = &values_[kGeometryAt];
  const auto label = static_cast<std::size_t>(sample.label);
  const double inverse_norm = 1 / std::max(std::sqrt(sample.squared_norm), kCosineEpsilon);
  geometry[offsets.class_counts() + label] += 1;
  geometry[offsets.squared_norms() + label] += sample.squared_norm;
  geometry[offsets.squared_unit_norms() + label] +=
      sample.squared_norm * inverse_norm * inverse_norm;
  double* sums = geometry + offsets.feature_sums() + label * offsets.features;
  double* units = geometry + offsets.unit_sums() + label * offsets.features;
  for (std::size_t j = 0; j < offsets.features; ++j) {
    sums[j] += sample.feature[j];
    units[j] += sample.feature[j] * inverse_norm;
  }
}

// On the device of the features: this product is nearly all of the work.
void SplitSums::add_second_moment(const at::Tensor& features) {
  const at::Tensor z = features.to(at::kDouble);
  second_moment().add_(z.t().mm(z).cpu());
}

double SplitSums::outcome(Outcome which, Trait trait) const {
  return values_[trait_index(which, trait)];
}

at::Tensor SplitSums::geometry_view(std::size_t offset, at::IntArrayRef sizes) const {
  expects(shape_.geometry, "these sums were made without geometry");
  // from_blob has no read-only form; only add_second_moment, which is not const, writes through it.
  auto* first = const_cast<double*>(&values_[kGeometryAt + offset]);
  return at::from_blob(first, sizes, at::TensorOptions(at::kCPU).dtype(at::kDouble));
}

at::Tensor SplitSums::class_counts() const {
  return geometry_view(GeometryOffsets(shape_).class_counts(), {shape_.classes});
}

at::Tensor SplitSums::squared_norms() const {
  return geometry_view(GeometryOffsets(shape_).squared_norms(), {shape_.classes});
}

at::Tensor SplitSums::squared_unit_norms() const {
  return geometry_view(GeometryOffsets(shape_).squared_unit_norms(), {shape_.classes});
}

at::Tensor SplitSums::feature_sums() const {
  return geometry_view(GeometryOffsets(shape_).feature_sums(),
                       {shape_.classes, shape_.feature_size});
}

at::Tensor SplitSums::unit_sums() const {
  return geometry_view(GeometryOffsets(shape_).unit_sums(), {shape_.classes, shape_.feature_size});
}

at::Tensor SplitSums::second_moment() const {
  return geometry_view(GeometryOffsets(shape_).second_moment(),
                       {shape_.feature_size, shape_.feature_size});
}

at::Tensor class_means(const SplitSums& sums) {
  const c10::NoGradGuard no_grad;
  return sums.feature_sums().div(sums.class_counts().unsqueeze(1));  // 0/0 is NaN: no samples
}

}  // namespace headway
