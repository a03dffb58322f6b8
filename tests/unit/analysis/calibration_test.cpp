// Closed forms; against NumPy: geometry_fixture_test.cpp.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/accumulators/calibration_sums.h"
#include "geometry_cases.h"

namespace headway {
namespace {

using testing::expect_missing;
using testing::value;

constexpr double kRounding = 1e-14;

Metrics calibration_of(const at::Tensor& logits, const std::vector<std::int64_t>& labels) {
  const std::int64_t classes = logits.size(1);
  const testing::GeometryCase sample =
      testing::completed({.features = at::zeros({logits.size(0), 1}, at::kDouble),
                          .labels = testing::integers(labels),
                          .class_vectors = at::zeros({classes, 1}, at::kDouble),
                          .logits = logits});
  const auto accumulator = make_accumulator("calibration", testing::inputs_of(sample));
  accumulator->add(testing::batch_of(sample));
  return accumulator->metrics();
}

// Two classes; class 0 with probability p.
std::vector<double> logits_for(double p) {
  return {std::log(p / (1 - p)), 0};
}

TEST(Calibration, certain_and_right_is_perfect) {
  const Metrics metrics = calibration_of(testing::matrix({{1000, 0, 0}, {0, 0, 1000}}), {0, 2});
  for (const char* name : {"ece", "mce", "nll", "brier"}) EXPECT_EQ(value(metrics, name), 0);
}

TEST(Calibration, certain_and_wrong_is_the_worst) {
  const Metrics metrics = calibration_of(testing::matrix({{1000, 0, 0}, {0, 0, 1000}}), {1, 1});
  EXPECT_EQ(value(metrics, "ece"), 1);
  EXPECT_EQ(value(metrics, "mce"), 1);
  EXPECT_EQ(value(metrics, "brier"), 2);
  EXPECT_EQ(value(metrics, "nll"), 1000);
}

TEST(Calibration, certain_with_accuracy_a_has_error_1_minus_a) {
  const Metrics metrics =
      calibration_of(testing::matrix({{1000, 0}, {1000, 0}, {1000, 0}, {0, 1000}}), {0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(value(metrics, "ece"), 0.25);
  EXPECT_DOUBLE_EQ(value(metrics, "mce"), 0.25);
  EXPECT_DOUBLE_EQ(value(metrics, "brier"), 2 * 0.25);
}

TEST(Calibration, of_uniform_probabilities_on_balanced_classes) {
  for (const std::int64_t classes : {2, 5, 7, 10, 15, 100}) {
    std::vector<std::int64_t> labels;
    for (std::int64_t k = 0; k < classes; ++k) labels.push_back(k);
    const Metrics metrics = calibration_of(at::zeros({classes, classes}, at::kDouble), labels);
    const auto count = static_cast<double>(classes);
    EXPECT_NEAR(value(metrics, "ece"), 0, kRounding) << classes;
    EXPECT_NEAR(value(metrics, "nll"), std::log(count), kRounding * count) << classes;
    EXPECT_NEAR(value(metrics, "brier"), 1 - 1 / count, kRounding) << classes;
  }
}

// Of ten samples at each confidence c, 10 c are right.
TEST(Calibration, confidence_that_equals_accuracy_has_no_error) {
  std::vector<std::vector<double>> rows;
  std::vector<std::int64_t> labels;
  for (const int right : {6, 7, 8, 9}) {
    for (int i = 0; i < 10; ++i) {
      rows.push_back(logits_for(right / 10.));
      labels.push_back(i < right ? 0 : 1);
    }
  }
  const Metrics metrics = calibration_of(testing::matrix(rows), labels);
  EXPECT_NEAR(value(metrics, "ece"), 0, kRounding);
  EXPECT_NEAR(value(metrics, "mce"), 0, kRounding);
  EXPECT_NEAR(value(metrics, "brier"), 2 * (.24 + .21 + .16 + .09) / 4, kRounding);
}

// Bins at .6 (9th) and .9 (14th): gaps .4 right of .6 on 1 sample, .4 of .9 on 4.
TEST(Calibration, bins_are_weighted_by_their_samples_and_empty_ones_count_nothing) {
  const auto low = logits_for(0.61);
  const auto high = logits_for(0.9);
  const Metrics metrics =
      calibration_of(testing::matrix({low, high, high, high, high}), {0, 0, 0, 1, 1});
  EXPECT_NEAR(value(metrics, "ece"), (0.39 * 1 + 0.4 * 4) / 5, kRounding);
  EXPECT_NEAR(value(metrics, "mce"), 0.4, kRounding);
}

TEST(Calibration, bins_include_their_upper_edge) {
  for (int b = 1; b <= 15; ++b) {
    const auto bin = static_cast<std::size_t>(b - 1);
    const double edge = b / 15.0;
    EXPECT_EQ(confidence_bin(edge), bin);
    EXPECT_EQ(confidence_bin(std::nextafter(edge, 0)), bin);
    EXPECT_EQ(confidence_bin(std::nextafter(edge, 2)), std::min<std::size_t>(bin + 1, 14));
  }
  EXPECT_EQ(confidence_bin(std::numeric_limits<double>::min()), 0U);
}

TEST(Calibration, a_single_class_is_always_right) {
  const Metrics metrics = calibration_of(testing::matrix({{3}, {-2}}), {0, 0});
  for (const char* name : {"ece", "mce", "nll", "brier"}) EXPECT_EQ(value(metrics, name), 0);
}

TEST(Calibration, an_offset_of_all_logits_changes_nothing) {
  const at::Tensor logits = testing::normal_matrix(50, 4, 9);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 50; ++i) labels.push_back(i * 3 % 4);
  const Metrics before = calibration_of(logits, labels);
  const Metrics after = calibration_of(logits + 700, labels);
  for (const Metric& metric : before) {
    EXPECT_NEAR(value(after, metric.name), metric.value, 1e-11) << metric.name;
  }
}

TEST(Calibration, logits_that_are_not_finite_make_it_missing_with_the_reason) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const Metrics metrics = calibration_of(testing::matrix({{1, 0}, {0, bad}, {2, 0}}), {0, 1, 0});
    for (const char* name : {"ece", "mce", "nll", "brier"}) {
      expect_missing(metrics, name, "1 of 3 samples have logits that are not finite");
    }
  }
}

TEST(Calibration, is_missing_without_samples) {
  const Metrics metrics = calibration_of(at::empty({0, 3}, at::kDouble), {});
  for (const char* name : {"ece", "mce", "nll", "brier"}) {
    expect_missing(metrics, name, "the split has no samples");
  }
}

}  // namespace
}  // namespace headway
