#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <gtest/gtest.h>

#include <cmath>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::GeometryCase;
using testing::metrics_of;
using testing::value;

constexpr std::int64_t kClasses = 6;
constexpr std::int64_t kFeatures = 8;

GeometryCase noisy_case() {
  const at::Tensor labels = testing::repeated_labels(kClasses, 7);
  const at::Tensor vectors = testing::normal_matrix(kClasses, kFeatures, 1);
  const at::Tensor noise = testing::normal_matrix(labels.numel(), kFeatures, 2);
  return testing::completed({.features = vectors.index_select(0, labels) + noise + .3,
                             .labels = labels,
                             .class_vectors = vectors});
}

// A product of two reflections.
at::Tensor rotation() {
  at::Tensor result = at::eye(kFeatures, at::kDouble);
  for (const std::uint64_t seed : {5, 6}) {
    const at::Tensor axis = testing::normal_matrix(1, kFeatures, seed)[0];
    result = result.mm(at::eye(kFeatures, at::kDouble) - axis.outer(axis) * 2 / axis.dot(axis));
  }
  return result;
}

void expect_equal(const Metrics& before, const Metrics& after, const std::string& name) {
  const double expected = value(before, name);
  EXPECT_NEAR(value(after, name), expected, 1e-11 * (1 + std::abs(expected))) << name;
}

TEST(Invariance, scaling_the_features_changes_their_norms_alone) {
  const GeometryCase sample = noisy_case();
  GeometryCase scaled = sample;
  scaled.features = sample.features * 3.7;
  const Metrics before = metrics_of(sample);
  const Metrics after = metrics_of(scaled);
  for (const Metric& one : before) {
    const bool is_length = one.name.starts_with("feature_norm") || one.name == "nc3_bias_norm";
    if (!is_length) expect_equal(before, after, one.name);
  }
  for (const char* name : {"feature_norm_mean_correct",
                           "feature_norm_std_correct",
                           "feature_norm_mean_wrong",
                           "feature_norm_std_wrong"}) {
    EXPECT_NEAR(value(after, name), 3.7 * value(before, name), 1e-11) << name;
  }
}

TEST(Invariance, rotating_features_and_class_vectors_together_changes_nothing) {
  const GeometryCase sample = noisy_case();
  GeometryCase rotated = sample;
  rotated.features = sample.features.mm(rotation());
  rotated.class_vectors = sample.class_vectors.mm(rotation());
  rotated.initial_class_vectors = rotated.class_vectors;
  const Metrics before = metrics_of(sample);
  const Metrics after = metrics_of(rotated);
  for (const Metric& one : before) expect_equal(before, after, one.name);
}

TEST(Invariance, rotating_features_alone_leaves_what_the_class_vectors_do_not_enter) {
  const GeometryCase sample = noisy_case();
  GeometryCase rotated = sample;
  rotated.features = sample.features.mm(rotation());
  const Metrics before = metrics_of(sample);
  const Metrics after = metrics_of(rotated);
  for (const char* name : {"nc1_pinv",
                           "nc1_quotient",
                           "nc1_cdnv",
                           "nc2_equinorm_means",
                           "nc2_equiangular_means",
                           "nc2_etf_error_means",
                           "inter_class_cosine_mean",
                           "intra_class_compactness",
                           "alignment",
                           "effective_rank"}) {
    expect_equal(before, after, name);
  }
  EXPECT_GT(std::abs(value(before, "nc3_cosine_mean") - value(after, "nc3_cosine_mean")), .1);
}

TEST(Invariance, a_common_offset_leaves_the_centred_statistics) {
  const GeometryCase sample = noisy_case();
  GeometryCase shifted = sample;
  shifted.features = sample.features + 11;
  const Metrics before = metrics_of(sample);
  const Metrics after = metrics_of(shifted);
  for (const char* name : {"nc1_pinv",
                           "nc1_quotient",
                           "nc1_cdnv",
                           "nc2_equinorm_means",
                           "nc2_equiangular_means",
                           "nc3_self_duality",
                           "nc3_cosine_mean",
                           "between_variance_fraction",
                           "participation_ratio"}) {
    expect_equal(before, after, name);
  }
}

}  // namespace
}  // namespace headway
