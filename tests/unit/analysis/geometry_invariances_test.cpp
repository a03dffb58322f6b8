#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

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

// Bit for bit: some of the linear algebra beneath rounds by how its operands are aligned. Returns
// how many alignments came up; sums that are large enough to be mapped all have the same.
std::size_t expect_same_bits_anywhere_in_memory(std::int64_t classes, std::int64_t features) {
  const at::Tensor labels = testing::repeated_labels(classes, 9);
  const at::Tensor vectors = testing::normal_matrix(classes, features, 3);
  const GeometryCase sample =
      testing::completed({.features = vectors.index_select(0, labels) +
                                      testing::normal_matrix(labels.numel(), features, 4),
                          .labels = labels,
                          .class_vectors = vectors});
  std::vector<ClassMoments> copies;
  std::vector<std::unique_ptr<char[]>> gaps;
  std::set<std::uintptr_t> alignments;
  std::optional<Metrics> first;
  copies.reserve(64);
  for (int i = 0; i < 64; ++i) {
    copies.push_back(testing::moments_of(sample));
    gaps.push_back(std::make_unique<char[]>(24 + 16 * static_cast<std::size_t>(i % 5)));
    const ClassMoments& sums = copies.back();
    alignments.insert(reinterpret_cast<std::uintptr_t>(sums.second_moment().data_ptr()) % 64);
    const Metrics metrics = sums.metrics();
    if (!first) first = metrics;
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      const bool equal = metrics[m].value == (*first)[m].value || std::isnan(metrics[m].value);
      EXPECT_TRUE(equal) << metrics[m].name << ", " << classes << " classes";
    }
  }
  return alignments.size();
}

TEST(Invariance, where_the_sums_lie_in_memory_changes_no_bit) {
  std::size_t most = 0;
  for (const std::int64_t classes : {2, 3, 10}) {
    for (const std::int64_t features : {8, 32, 61}) {
      most = std::max(most, expect_same_bits_anywhere_in_memory(classes, features));
    }
  }
  EXPECT_GT(most, 1U) << "nothing was tested";
}

}  // namespace
}  // namespace headway
