#include "analysis/accumulators/class_moments.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::GeometryCase;
using testing::value;

constexpr std::int64_t kClasses = 6;
constexpr std::int64_t kPerClass = 16;
constexpr std::int64_t kFeatures = 5;
constexpr std::int64_t kShards = 8;

GeometryCase random_case() {
  // A stride that is coprime to the count mixes the classes over the shards.
  const at::Tensor labels = testing::repeated_labels(kPerClass, kClasses) * 5 % kClasses;
  const at::Tensor vectors = testing::normal_matrix(kClasses, kFeatures, 1).to(at::kFloat);
  const at::Tensor noise = testing::normal_matrix(labels.numel(), kFeatures, 2).to(at::kFloat);
  const at::Tensor mixed = (labels + testing::repeated_labels(kClasses, kPerClass)) % kClasses;
  return testing::completed({.features = vectors.index_select(0, mixed) + noise,
                             .labels = mixed,
                             .class_vectors = vectors});
}

ClassMoments sums_of_rows(const GeometryCase& sample, std::int64_t first, std::int64_t last) {
  ClassMoments sums(testing::inputs_of(sample));
  sums.add(testing::batch_of(sample, first, last));
  return sums;
}

std::vector<double> plus(std::span<const double> left, std::span<const double> right) {
  std::vector<double> sum(left.begin(), left.end());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += right[i];
  return sum;
}

// The shards [first, first + count) in tree order.
std::vector<double> tree_sum(const GeometryCase& sample, std::int64_t first, std::int64_t count) {
  if (count == 1) {
    const std::int64_t size = sample.labels.numel() / kShards;
    const ClassMoments sums = sums_of_rows(sample, first * size, (first + 1) * size);
    return {sums.values().begin(), sums.values().end()};
  }
  return plus(tree_sum(sample, first, count / 2), tree_sum(sample, first + count / 2, count / 2));
}

// Each of `ranks` sums its own shards as a tree; their sums then meet in a tree.
std::vector<double> sum_over_ranks(const GeometryCase& sample, std::int64_t ranks) {
  std::vector<std::vector<double>> sums;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    sums.push_back(tree_sum(sample, rank * (kShards / ranks), kShards / ranks));
  }
  for (; sums.size() > 1; sums.resize(sums.size() / 2)) {
    for (std::size_t i = 0; i < sums.size() / 2; ++i) sums[i] = plus(sums[2 * i], sums[2 * i + 1]);
  }
  return sums.front();
}

bool same_bits(std::span<const double> left, std::span<const double> right) {
  return left.size() == right.size() &&
         std::memcmp(left.data(), right.data(), left.size_bytes()) == 0;
}

TEST(ClassMoments, any_number_of_ranks_merges_to_the_same_bits) {
  const GeometryCase sample = random_case();
  const std::vector<double> one_rank = sum_over_ranks(sample, 1);
  for (const std::int64_t ranks : {2, 4, 8}) {
    EXPECT_TRUE(same_bits(one_rank, sum_over_ranks(sample, ranks))) << ranks << " ranks";
  }
}

TEST(ClassMoments, shards_merge_to_the_metrics_of_the_whole_split) {
  const GeometryCase sample = random_case();
  ClassMoments merged(testing::inputs_of(sample));
  const std::vector<double> values = tree_sum(sample, 0, kShards);
  std::copy(values.begin(), values.end(), merged.values().begin());
  const Metrics whole = testing::metrics_of(sample);
  for (const Metric& of_shards : merged.metrics()) {
    const double expected = value(whole, of_shards.name);
    EXPECT_NEAR(of_shards.value, expected, 1e-12 * (1 + std::abs(expected))) << of_shards.name;
  }
}

TEST(ClassMoments, repeating_the_same_batches_gives_the_same_bits) {
  const GeometryCase sample = random_case();
  const std::int64_t count = sample.labels.numel();
  EXPECT_TRUE(
      same_bits(sums_of_rows(sample, 0, count).values(), sums_of_rows(sample, 0, count).values()));
}

TEST(ClassMoments, bf16_features_count_with_the_value_that_they_have) {
  GeometryCase sample = random_case();
  sample.features = sample.features.to(at::kBFloat16);
  GeometryCase widened = sample;
  widened.features = sample.features.to(at::kFloat);
  EXPECT_TRUE(
      same_bits(testing::moments_of(sample).values(), testing::moments_of(widened).values()));
}

TEST(ClassMoments, wrong_shapes_and_labels_are_our_bug) {
  const GeometryCase sample = random_case();
  const auto batch = [&](const at::Tensor& features, const at::Tensor& labels) {
    return SampleBatch({features, sample.logits, labels, sample.class_vectors});
  };
  EXPECT_THROW(batch(sample.features.t(), sample.labels), std::logic_error);
  EXPECT_THROW(batch(sample.features, sample.labels + kClasses), std::logic_error);
  EXPECT_THROW(batch(sample.features, sample.labels - kClasses), std::logic_error);
  ClassMoments others(
      testing::inputs_of(testing::completed({.features = testing::matrix({{1}}),
                                             .labels = testing::integers({0}),
                                             .class_vectors = testing::matrix({{1}, {2}})})));
  EXPECT_THROW(others.add(batch(sample.features, sample.labels)), std::logic_error);
}

TEST(ClassMeans, class_without_samples_has_a_row_of_nan) {
  const GeometryCase sample{.features = testing::matrix({{1, 2}, {3, 4}, {5, 5}}),
                            .labels = testing::integers({0, 0, 2}),
                            .class_vectors = testing::matrix({{1, 0}, {0, 1}, {1, 1}})};
  const at::Tensor means = testing::moments_of(sample).class_means();
  EXPECT_TRUE(means[0].equal(testing::matrix({{2, 3}})[0]));
  EXPECT_TRUE(means[1].isnan().all().item<bool>());
  EXPECT_TRUE(means[2].equal(testing::matrix({{5, 5}})[0]));
}

}  // namespace
}  // namespace headway
