// Cases whose statistics follow on paper.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::GeometryCase;
using testing::metrics_of;
using testing::value;

// Where the answer is exact, what remains is rounding of double sums.
constexpr double kRounding = 1e-12;

// Every sample of class c is `means`[c].
GeometryCase collapsed(const at::Tensor& means, const at::Tensor& class_vectors) {
  const at::Tensor labels = testing::repeated_labels(means.size(0), 3);
  return {
      .features = means.index_select(0, labels), .labels = labels, .class_vectors = class_vectors};
}

void expect_values(const Metrics& metrics, const std::map<std::string, double>& expected) {
  for (const auto& [name, answer] : expected) {
    EXPECT_NEAR(value(metrics, name), answer, kRounding * (1 + std::abs(answer))) << name;
  }
}

TEST(CollapsedSimplex, every_neural_collapse_statistic_is_perfect) {
  const at::Tensor vectors = testing::simplex(10, 12);
  const Metrics metrics = metrics_of(collapsed(vectors, vectors));
  expect_values(metrics,
                {{"nc1_pinv", 0},
                 {"nc1_quotient", 0},
                 {"nc1_cdnv", 0},
                 {"nc2_equinorm_means", 0},
                 {"nc2_equinorm_vectors", 0},
                 {"nc2_equiangular_means", 0},
                 {"nc2_equiangular_vectors", 0},
                 {"nc2_etf_error_means", 0},
                 {"nc2_etf_error_vectors", 0},
                 {"nc3_self_duality", 0},
                 {"nc3_self_duality_etf", 0},
                 {"nc3_cosine_mean", 1},
                 {"nc3_bias_norm", 0},
                 {"nc4_ncm_agreement", 1},
                 {"ncm_accuracy", 1},
                 {"top1_accuracy", 1}});
}

TEST(CollapsedSimplex, similarities_and_spectrum_are_those_of_a_simplex) {
  const at::Tensor vectors = testing::simplex(10, 12);
  const Metrics metrics = metrics_of(collapsed(vectors, vectors));
  expect_values(metrics,
                {{"intra_class_compactness", 1},
                 {"intra_class_pairwise_cosine", 1},
                 {"inter_class_cosine_mean", -1. / 9},
                 {"inter_class_cosine_max", -1. / 9},
                 {"inter_class_separability", 10. / 9},
                 {"cosine_gap", 10. / 9},
                 {"alignment", 0},
                 {"between_variance_fraction", 1},
                 {"effective_rank", 9},
                 {"participation_ratio", 9},
                 {"uniformity_class_means", -40. / 9},
                 {"energy_s0_class_means", -std::log(20. / 9)},
                 {"energy_s1_class_means", std::sqrt(9. / 20)},
                 {"energy_s2_class_means", .45},
                 {"own_cosine_mean", 1},
                 {"logit_margin_mean", 10. / 9},
                 {"loss", std::log(1 + 9 * std::exp(-10. / 9))}});  // 1.376935
}

TEST(CollapsedOneHot, the_two_variants_of_self_duality_differ) {
  for (const std::int64_t classes : {10, 100}) {
    const auto k = static_cast<double>(classes);
    constexpr double kLength = 3;
    const at::Tensor vectors = at::eye(classes, at::kDouble);
    const Metrics metrics = metrics_of(collapsed(vectors * kLength, vectors));
    expect_values(metrics,
                  {{"nc2_equinorm_means", 0},
                   {"nc2_equiangular_means", 0},
                   {"nc2_etf_error_means", 0},
                   {"nc3_self_duality", 2 - 2 * std::sqrt((k - 1) / k)},
                   {"nc3_self_duality_etf", 0},
                   {"nc3_cosine_mean", std::sqrt((k - 1) / k)},
                   {"nc2_etf_error_vectors", std::sqrt(2 - 2 * std::sqrt((k - 1) / k))},
                   {"nc2_equiangular_vectors", 1 / (k - 1)},
                   {"inter_class_cosine_mean", 0},
                   {"effective_rank", k},
                   {"participation_ratio", k - 1},
                   {"nc3_bias_norm", kLength / std::sqrt(k)}});
  }
}

TEST(CollapsedOneHot, published_digits) {
  const Metrics metrics =
      metrics_of(collapsed(at::eye(10, at::kDouble) * 2, at::eye(10, at::kDouble)));
  EXPECT_NEAR(value(metrics, "nc3_self_duality"), .1026334, 5e-8);
  EXPECT_NEAR(value(metrics, "nc3_cosine_mean"), .9486833, 5e-8);
  EXPECT_NEAR(value(metrics, "nc2_etf_error_vectors"), .3203645, 5e-8);
}

// Class means r times a simplex of 5, two samples per class at +-sigma times `direction`.
Metrics two_points_per_class(double r, double sigma, const at::Tensor& direction) {
  const at::Tensor vectors = testing::simplex(5, 7);
  const at::Tensor labels = testing::repeated_labels(5, 1);
  const at::Tensor offset = sigma * direction / direction.norm();
  return metrics_of({.features = at::cat({vectors * r + offset, vectors * r - offset}),
                     .labels = at::cat({labels, labels}),
                     .class_vectors = vectors});
}

TEST(TwoPointsPerClass, scatter_outside_the_means_span_does_not_count_for_nc1_pinv) {
  constexpr double kR = 2;
  constexpr double kSigma = .5;
  at::Tensor outside = at::zeros({7}, at::kDouble);
  outside[6].fill_(1);
  const Metrics metrics = two_points_per_class(kR, kSigma, outside);
  expect_values(metrics,
                {{"nc1_pinv", 0},
                 {"nc1_quotient", kSigma * kSigma / (kR * kR)},
                 {"nc1_cdnv", kSigma * kSigma * 4 / (2 * kR * kR * 5)},
                 {"intra_class_compactness", kR / std::hypot(kR, kSigma)}});
}

TEST(TwoPointsPerClass, scatter_inside_the_means_span_does) {
  constexpr double kR = 2;
  constexpr double kSigma = .5;
  const Metrics metrics = two_points_per_class(kR, kSigma, testing::simplex(5, 7)[2]);
  expect_values(metrics,
                {{"nc1_pinv", kSigma * kSigma * 4 / (kR * kR * 5)},
                 {"nc1_quotient", kSigma * kSigma / (kR * kR)}});
}

// The average of `name` over `draws` of features that know nothing of their class.
std::map<std::string, double> averages_without_class_information(int draws) {
  const at::Tensor labels = testing::repeated_labels(10, 100);
  std::map<std::string, double> averages;
  for (int draw = 0; draw < draws; ++draw) {
    const auto seed = static_cast<std::uint64_t>(draw);
    const Metrics metrics = metrics_of({.features = testing::normal_matrix(1000, 64, seed),
                                        .labels = labels,
                                        .class_vectors = testing::simplex(10, 64)});
    for (const Metric& one : metrics) averages[one.name] += one.value / draws;
  }
  return averages;
}

TEST(NoClassInformation, statistics_meet_their_expectation) {
  auto average = averages_without_class_information(10);
  EXPECT_NEAR(average["nc1_pinv"], 99. * 9 / 54, .5);       // (n-1)(K-1)/(d-K), 3 %
  EXPECT_NEAR(average["nc1_quotient"], 99. * 10 / 9, 3);    // (n-1)K/(K-1), 3 %
  EXPECT_NEAR(average["inter_class_cosine_mean"], 0, .03);  // single ones +-1/8
  EXPECT_NEAR(average["alignment"], 2, .01);                //
  EXPECT_NEAR(average["effective_rank"], 64, 1);            // from below
  EXPECT_NEAR(average["between_variance_fraction"], 9. / 999, .001);
  EXPECT_NEAR(average["top1_accuracy"], .1, .015);
}

TEST(Polygon, six_directions_in_a_plane_are_far_from_equiangular) {
  at::Tensor polygon = at::zeros({6, 2}, at::kDouble);
  for (int k = 0; k < 6; ++k) {
    polygon[k][0].fill_(std::cos(k * std::numbers::pi / 3));
    polygon[k][1].fill_(std::sin(k * std::numbers::pi / 3));
  }
  const Metrics metrics = metrics_of(collapsed(polygon, polygon));
  expect_values(metrics, {{"nc2_equiangular_means", .56}, {"nc2_equiangular_vectors", .56}});
}

TEST(Orthoplex, ten_directions_in_five_dimensions) {
  const at::Tensor axes = at::eye(5, at::kDouble);
  const at::Tensor orthoplex = at::cat({axes, -axes});
  const Metrics metrics = metrics_of(collapsed(orthoplex, orthoplex));
  expect_values(metrics,
                {{"nc2_equiangular_means", (8. / 9 + 8. / 9) / 9},
                 {"class_vector_cosine_min", -1},
                 {"class_vector_cosine_max", 0},
                 {"class_vector_cosine_mean_abs", 1. / 9}});
}

TEST(VectorMovement, fixed_ones_moved_by_exactly_nothing) {
  const at::Tensor vectors = testing::normal_matrix(7, 9, 3).to(at::kFloat);
  const Metrics metrics = metrics_of(collapsed(vectors, vectors));
  EXPECT_EQ(value(metrics, "class_vector_movement_degrees_mean"), 0);
  EXPECT_EQ(value(metrics, "class_vector_movement_degrees_max"), 0);
}

TEST(VectorMovement, movement_is_the_angle_whatever_the_length) {
  GeometryCase sample =
      collapsed(testing::matrix({{1, 0}, {0, 1}}), testing::matrix({{3, 3}, {0, 5}}));
  sample.initial_class_vectors = testing::matrix({{1, 0}, {0, 1}});
  const Metrics metrics = metrics_of(sample);
  EXPECT_NEAR(value(metrics, "class_vector_movement_degrees_max"), 45, kRounding * 45);
  EXPECT_NEAR(value(metrics, "class_vector_movement_degrees_mean"), 22.5, kRounding * 45);
  EXPECT_NEAR(value(metrics, "class_vector_norm_mean"), (3 * std::sqrt(2.) + 5) / 2, kRounding * 5);
}

TEST(NearestClassMean, ties_go_to_the_lowest_class_and_classes_without_a_mean_never_win) {
  const double nan = std::nan("");
  const GeometryCase sample{.features = testing::matrix({{0, 3}, {2, 0}, {0, 0}}),
                            .labels = testing::integers({1, 1, 1}),
                            .class_vectors = testing::matrix({{1, 0}, {0, 1}, {1, 1}}),
                            .logits = testing::matrix({{0, 1, 1}, {0, 1, 2}, {5, 1, 1}})};
  AccumulatorInputs inputs = testing::inputs_of(sample);
  inputs.train.class_means = testing::matrix({{nan, nan}, {-1, 0}, {1, 0}});
  const auto sums = make_accumulator("nearest_mean", inputs);
  sums->add(testing::batch_of(sample));
  const Metrics metrics = sums->metrics();
  EXPECT_DOUBLE_EQ(value(metrics, "nc4_ncm_agreement"), 2. / 3);
  EXPECT_DOUBLE_EQ(value(metrics, "ncm_accuracy"), 2. / 3);
}

}  // namespace
}  // namespace headway
