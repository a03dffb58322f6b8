// What every accumulator of the list keeps to.
#include "analysis/accumulators/accumulator.h"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::GeometryCase;

constexpr std::int64_t kClasses = 7;
constexpr std::int64_t kFeatures = 5;
constexpr std::int64_t kSamples = 84;

GeometryCase random_case() {
  const at::Tensor labels = testing::repeated_labels(kSamples / kClasses, kClasses) * 5 % kClasses;
  const at::Tensor mixed =
      (labels + testing::repeated_labels(kClasses, kSamples / kClasses)) % kClasses;
  const at::Tensor vectors = testing::normal_matrix(kClasses, kFeatures, 1).to(at::kFloat);
  const at::Tensor noise = testing::normal_matrix(kSamples, kFeatures, 2).to(at::kFloat);
  return testing::completed({.features = vectors.index_select(0, mixed) + noise,
                             .labels = mixed,
                             .class_vectors = vectors,
                             .bias = testing::normal_matrix(1, kClasses, 3)[0].to(at::kFloat)});
}

class EveryAccumulator : public ::testing::TestWithParam<AccumulatorSpec> {
 protected:
  EveryAccumulator() : sample_(random_case()), inputs_(testing::inputs_of(sample_)) {
    inputs_.train.class_means = testing::moments_of(sample_).class_means();
  }
  std::unique_ptr<Accumulator> make() const { return make_accumulator(GetParam().name, inputs_); }
  std::vector<double> sums_of(std::int64_t first, std::int64_t last) const {
    const auto accumulator = make();
    accumulator->add(testing::batch_of(sample_, first, last));
    return {accumulator->values().begin(), accumulator->values().end()};
  }

  GeometryCase sample_;
  AccumulatorInputs inputs_;
};

TEST_P(EveryAccumulator, begins_with_zeros_and_an_empty_batch_adds_nothing) {
  const auto accumulator = make();
  accumulator->add(testing::batch_of(sample_, 0, 0));
  EXPECT_THAT(accumulator->values(), ::testing::Each(0.0));
  EXPECT_FALSE(accumulator->values().empty());
}

TEST_P(EveryAccumulator, has_finite_sums_and_values_of_a_random_case) {
  const auto accumulator = make();
  accumulator->add(testing::batch_of(sample_));
  for (const double value : accumulator->values()) EXPECT_TRUE(std::isfinite(value));
  for (const Metric& metric : accumulator->metrics()) {
    EXPECT_TRUE(std::isfinite(metric.value)) << metric.name << ": " << metric.missing_reason;
  }
}

TEST_P(EveryAccumulator, merges_halves_by_addition_to_the_whole) {
  const std::vector<double> left = sums_of(0, kSamples / 2);
  const std::vector<double> right = sums_of(kSamples / 2, kSamples);
  const auto whole = make();
  whole->add(testing::batch_of(sample_));
  const auto merged = make();
  std::ranges::transform(left, right, merged->values().begin(), std::plus());
  const Metrics expected = whole->metrics();
  const Metrics metrics = merged->metrics();
  ASSERT_EQ(metrics.size(), expected.size());
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(metrics[i].name, expected[i].name);
    EXPECT_NEAR(metrics[i].value, expected[i].value, 1e-12 * (1 + std::abs(expected[i].value)))
        << metrics[i].name;
  }
}

TEST_P(EveryAccumulator, two_batches_are_as_one) {
  const auto accumulator = make();
  accumulator->add(testing::batch_of(sample_, 0, 33));
  accumulator->add(testing::batch_of(sample_, 33, kSamples));
  const std::vector<double> expected = sums_of(0, kSamples);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(accumulator->values()[i], expected[i], 1e-12 * (1 + std::abs(expected[i])));
  }
}

TEST_P(EveryAccumulator, gives_the_same_bits_for_the_same_batches) {
  EXPECT_EQ(sums_of(0, kSamples), sums_of(0, kSamples));
}

// Its values are all its state: an evaluation that was broken off goes on from them.
TEST_P(EveryAccumulator, goes_on_from_the_values_of_another_with_the_same_bits) {
  const auto whole = make();
  whole->add(testing::batch_of(sample_, 0, 33));
  std::vector<double> kept(whole->values().size());
  Accumulators list;
  list.push_back(make());
  list.front()->add(testing::batch_of(sample_, 0, 33));
  ASSERT_EQ(value_count(list), kept.size());
  copy_values(list, kept);
  Accumulators later;
  later.push_back(make());
  set_values(later, kept);
  for (Accumulator* accumulator : {whole.get(), later.front().get()}) {
    accumulator->add(testing::batch_of(sample_, 33, kSamples));
  }
  EXPECT_THAT(later.front()->values(), ::testing::ElementsAreArray(whole->values()));
}

TEST_P(EveryAccumulator, is_empty_again_when_its_values_are_zero) {
  Accumulators list;
  list.push_back(make());
  list.front()->add(testing::batch_of(sample_));
  set_values(list, std::vector<double>(value_count(list)));
  list.front()->add(testing::batch_of(sample_));
  EXPECT_THAT(list.front()->values(), ::testing::ElementsAreArray(sums_of(0, kSamples)));
}

// Its metrics without samples too: missing, but there by name.
TEST_P(EveryAccumulator, records_what_its_spec_lists) {
  std::set<std::string> listed;
  for (const MetricSpec& metric : GetParam().metrics) listed.insert(metric.name);
  EXPECT_EQ(listed.size(), GetParam().metrics.size());
  AccumulatorInputs other_loss = inputs_;
  other_loss.loss = [](const SampleBatch& batch) { return static_cast<double>(batch.size()); };
  std::set<std::string> recorded;
  for (const auto& inputs : {inputs_, other_loss}) {
    const Metrics metrics = make_accumulator(GetParam().name, inputs)->metrics();
    testing::expect_finite_or_missing(metrics);
    for (const Metric& metric : metrics) recorded.insert(metric.name);
  }
  EXPECT_EQ(recorded, listed);
}

TEST_P(EveryAccumulator, names_the_splits_that_it_is_recorded_of) {
  EXPECT_FALSE(GetParam().splits.empty());
  EXPECT_FALSE(GetParam().suite.empty());
  EXPECT_FALSE(GetParam().summary.empty());
  for (const std::string& split : GetParam().splits) {
    EXPECT_THAT((std::vector<std::string>{"train", "validation", "test"}),
                ::testing::Contains(split));
  }
}

INSTANTIATE_TEST_SUITE_P(Accumulators,
                         EveryAccumulator,
                         ::testing::ValuesIn(accumulator_specs()),
                         [](const auto& spec) { return spec.param.name; });

TEST(Accumulators, have_names_of_their_own) {
  std::set<std::string> names;
  for (const AccumulatorSpec& spec : accumulator_specs()) names.insert(spec.name);
  EXPECT_EQ(names.size(), accumulator_specs().size());
  EXPECT_TRUE(names.contains(std::string(kAccuracy)));
  EXPECT_THROW(make_accumulator("unheard_of", {}), std::logic_error);
}

TEST(AccuracySums, a_loss_of_its_own_is_recorded_beside_the_cross_entropy) {
  const GeometryCase sample = random_case();
  AccumulatorInputs inputs = testing::inputs_of(sample);
  const auto plain = make_accumulator(kAccuracy, inputs);
  plain->add(testing::batch_of(sample));
  inputs.loss = [](const SampleBatch& batch) { return 2.5 * static_cast<double>(batch.size()); };
  const auto own = make_accumulator(kAccuracy, inputs);
  own->add(testing::batch_of(sample, 0, 30));
  own->add(testing::batch_of(sample, 30));
  EXPECT_DOUBLE_EQ(testing::value(own->metrics(), "loss"), 2.5);
  EXPECT_EQ(testing::value(own->metrics(), "cross_entropy"),
            testing::value(plain->metrics(), "loss"));
  EXPECT_EQ(testing::value(own->metrics(), "top1_accuracy"),
            testing::value(plain->metrics(), "top1_accuracy"));
  EXPECT_THROW(testing::value(plain->metrics(), "cross_entropy"), std::out_of_range);
}

TEST(NcmSums, needs_a_pass_over_the_training_images) {
  EXPECT_THROW(make_accumulator("nearest_mean", testing::inputs_of(random_case())),
               std::logic_error);
}

}  // namespace
}  // namespace headway
