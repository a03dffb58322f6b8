// Input on which a statistic is not defined: it is missing, with the reason.
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::expect_finite_or_missing;
using testing::expect_missing;
using testing::GeometryCase;
using testing::integers;
using testing::matrix;
using testing::metrics_of;
using testing::value;

const at::Tensor& plane_vectors() {
  static const at::Tensor vectors = matrix({{1, 0}, {0, 1}, {-1, -1}});
  return vectors;
}

TEST(Degenerate, no_samples) {
  const Metrics metrics = metrics_of({.features = at::zeros({0, 2}, at::kDouble),
                                      .labels = integers({}),
                                      .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  for (const char* name : {"loss",
                           "top1_accuracy",
                           "feature_norm_mean_correct",
                           "own_cosine_mean",
                           "logit_margin_mean",
                           "nc1_pinv",
                           "nc3_bias_norm",
                           "effective_rank",
                           "nc4_ncm_agreement",
                           "ncm_accuracy"}) {
    expect_missing(metrics, name, "the split has no samples");
  }
  EXPECT_EQ(value(metrics, "present_classes"), 0);
  EXPECT_NEAR(value(metrics, "class_vector_cosine_max"), 0, 1e-15);
}

TEST(Degenerate, a_single_class_present) {
  const Metrics metrics = metrics_of({.features = matrix({{1, 2}, {2, 1}}),
                                      .labels = integers({1, 1}),
                                      .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  for (const char* name : {"nc1_pinv",
                           "nc1_quotient",
                           "nc1_cdnv",
                           "nc2_equinorm_means",
                           "nc2_equiangular_means",
                           "nc2_etf_error_means",
                           "nc3_self_duality",
                           "nc3_self_duality_etf",
                           "nc3_cosine_mean",
                           "inter_class_cosine_mean",
                           "inter_class_separability",
                           "cosine_gap",
                           "between_variance_fraction",
                           "uniformity_class_means"}) {
    expect_missing(metrics, name, "fewer than 2 classes are present");
  }
  EXPECT_EQ(value(metrics, "present_classes"), 1);
  EXPECT_NEAR(value(metrics, "intra_class_pairwise_cosine"), .8, 1e-15);
}

TEST(Degenerate, classes_without_samples_are_left_out) {
  // Two present classes of four: a simplex of two, whose only cosine is -1.
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {1, 0}, {-1, 0}, {-1, 0}}),
                                      .labels = integers({1, 1, 3, 3}),
                                      .class_vectors = matrix({{0, 9}, {1, 0}, {0, 7}, {-1, 0}})});
  expect_finite_or_missing(metrics);
  EXPECT_EQ(value(metrics, "present_classes"), 2);
  EXPECT_NEAR(value(metrics, "nc2_equiangular_means"), 0, 1e-15);
  EXPECT_NEAR(value(metrics, "nc3_self_duality"), 0, 1e-15);
  EXPECT_NEAR(value(metrics, "nc3_cosine_mean"), 1, 1e-15);
  EXPECT_EQ(value(metrics, "ncm_accuracy"), 1);
}

TEST(Degenerate, one_sample_per_class_is_not_collapse) {
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {0, 2}, {-1, -3}}),
                                      .labels = integers({0, 1, 2}),
                                      .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  for (const char* name : {"nc1_pinv",
                           "nc1_quotient",
                           "nc1_cdnv",
                           "between_variance_fraction",
                           "alignment",
                           "intra_class_compactness",
                           "intra_class_pairwise_cosine",
                           "cosine_gap"}) {
    expect_missing(metrics, name, "no class has 2 samples");
  }
  EXPECT_GT(value(metrics, "nc2_equiangular_means"), 0);
}

TEST(Degenerate, coinciding_class_means) {
  // 0.1 and sums of it are rounded: the means differ in their last bits.
  const at::Tensor features = matrix({{.1, .7}, {.1, .7}, {.1, .7}, {.1, .7}, {.1, .7}, {.1, .7}});
  const Metrics metrics = metrics_of({.features = features,
                                      .labels = integers({0, 1, 1, 2, 2, 2}),
                                      .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  for (const char* name :
       {"nc1_pinv", "nc1_quotient", "nc3_self_duality", "nc3_self_duality_etf"}) {
    expect_missing(metrics, name, "the class means coincide");
  }
  expect_missing(metrics, "nc2_equinorm_means", "all vectors are zero");
  expect_missing(metrics, "nc2_etf_error_means", "all vectors are zero");
  expect_missing(metrics, "nc2_equiangular_means", "the centred mean of class 0 is zero");
  expect_missing(metrics, "nc3_cosine_mean", "the centred mean of class 0 is zero");
  expect_missing(metrics, "nc1_cdnv", "the means of classes 0 and 1 coincide");
  expect_missing(metrics, "participation_ratio", "all features are equal");
  EXPECT_NEAR(value(metrics, "inter_class_cosine_mean"), 1, 1e-12);
}

TEST(Degenerate, one_class_mean_at_the_global_mean) {
  const Metrics metrics =
      metrics_of({.features = matrix({{1, 0}, {3, 0}, {2, 1}, {2, -1}, {5, 0}, {-1, 0}}),
                  .labels = integers({0, 1, 2, 2, 1, 0}),
                  .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  for (const char* name : {"nc2_equiangular_means",
                           "nc2_cosine_mean_means",
                           "nc3_cosine_mean",
                           "nc3_cosine_std",
                           "energy_s1_class_means"}) {
    expect_missing(metrics, name, "the centred mean of class 2 is zero");
  }
  EXPECT_GT(value(metrics, "nc1_pinv"), 0);
  EXPECT_GT(value(metrics, "nc2_equinorm_means"), 0);
}

TEST(Degenerate, zero_class_vector) {
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {2, 0}, {0, 1}, {0, 3}}),
                                      .labels = integers({0, 0, 1, 1}),
                                      .class_vectors = matrix({{1, 0}, {0, 1}, {0, 0}})});
  expect_finite_or_missing(metrics);
  for (const char* name :
       {"nc2_equiangular_vectors", "class_vector_cosine_mean", "uniformity_class_vectors"}) {
    expect_missing(metrics, name, "the class vector of class 2 is zero");
  }
  expect_missing(metrics, "class_vector_movement_degrees_mean", "an initial class vector is zero");
  EXPECT_NEAR(value(metrics, "nc3_self_duality"), 0.6, .6);  // over the classes that are present
}

TEST(Degenerate, equal_class_vectors_have_no_energy) {
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {0, 1}}),
                                      .labels = integers({0, 1}),
                                      .class_vectors = matrix({{1, 2}, {-1, 0}, {2, 4}})});
  expect_finite_or_missing(metrics);
  expect_missing(metrics,
                 "energy_s0_class_vectors",
                 "the class vectors of classes 0 and 2 point the same way");
  EXPECT_NEAR(value(metrics, "class_vector_cosine_max"), 1, 1e-15);
}

TEST(Degenerate, no_wrong_and_no_correct_predictions) {
  GeometryCase sample{.features = matrix({{1, 0}, {0, 1}}),
                      .labels = integers({0, 1}),
                      .class_vectors = plane_vectors()};
  for (const std::string statistic : {"feature_norm_mean", "feature_norm_std", "max_cosine_mean"}) {
    sample.labels = integers({0, 1});
    expect_missing(metrics_of(sample), statistic + "_wrong", "no prediction is wrong");
    EXPECT_GE(value(metrics_of(sample), statistic + "_correct"), 0);
    sample.labels = integers({1, 0});
    expect_missing(metrics_of(sample), statistic + "_correct", "no prediction is correct");
  }
}

TEST(Degenerate, features_that_are_not_finite) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {0, bad}, {0, 2}}),
                                        .labels = integers({0, 1, 2}),
                                        .class_vectors = plane_vectors(),
                                        .logits = at::zeros({3, 3}, at::kDouble)});
    expect_finite_or_missing(metrics);
    for (const char* name : {"nc1_pinv",
                             "nc2_equinorm_means",
                             "effective_rank",
                             "own_cosine_mean",
                             "feature_norm_mean_wrong"}) {
      expect_missing(metrics, name, "1 of 3 samples have features that are not finite");
    }
    EXPECT_NEAR(value(metrics, "loss"), std::log(3), 1e-15);
  }
}

TEST(Degenerate, logits_that_are_not_finite) {
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {0, 1}}),
                                      .labels = integers({0, 1}),
                                      .class_vectors = plane_vectors(),
                                      .logits = matrix({{1, std::nan(""), 0}, {1, 2, 3}})});
  expect_finite_or_missing(metrics);
  for (const char* name : {"loss", "top1_accuracy", "logit_margin_mean", "max_cosine_mean_wrong"}) {
    expect_missing(metrics, name, "1 of 2 samples have logits that are not finite");
  }
  expect_missing(
      metrics, "ncm_accuracy", "1 of 2 samples have features or logits that are not finite");
}

TEST(Degenerate, class_vectors_that_are_not_finite) {
  const double nan = std::nan("");
  const Metrics metrics = metrics_of({.features = matrix({{1, 0}, {3, 0}, {0, 1}}),
                                      .labels = integers({0, 0, 1}),
                                      .class_vectors = matrix({{1, nan}, {0, 1}}),
                                      .logits = at::zeros({3, 2}, at::kDouble)});
  expect_finite_or_missing(metrics);
  expect_missing(metrics, "nc3_self_duality", "the value is not finite");
  expect_missing(metrics, "class_vector_norm_mean", "the value is not finite");
}

TEST(Degenerate, zero_features) {
  const Metrics metrics = metrics_of({.features = at::zeros({4, 2}, at::kDouble),
                                      .labels = integers({0, 0, 1, 1}),
                                      .class_vectors = plane_vectors()});
  expect_finite_or_missing(metrics);
  expect_missing(metrics, "effective_rank", "all features are zero");
  expect_missing(metrics, "between_variance_fraction", "all features are equal");
  expect_missing(metrics, "intra_class_compactness", "the mean of class 0 is zero");
}

TEST(Degenerate, one_dimension) {
  const Metrics metrics = metrics_of({.features = matrix({{1}, {3}, {-1}, {-3}}),
                                      .labels = integers({0, 0, 1, 1}),
                                      .class_vectors = matrix({{1}, {-1}})});
  expect_finite_or_missing(metrics);
  EXPECT_NEAR(value(metrics, "nc1_pinv"), .125, 1e-15);  // Σ_W = 1, Σ_B = 4, K = 2
  EXPECT_NEAR(value(metrics, "nc2_cosine_mean_means"), -1, 1e-15);
  EXPECT_NEAR(value(metrics, "effective_rank"), 1, 1e-15);
}

TEST(Degenerate, few_classes) {
  const Metrics five = metrics_of({.features = at::zeros({5, 1}, at::kDouble),
                                   .labels = integers({0, 1, 2, 3, 4}),
                                   .class_vectors = at::zeros({5, 1}, at::kDouble)});
  expect_missing(five, "top5_accuracy", "there are no more than 5 classes");
  const Metrics one = metrics_of(
      {.features = matrix({{1}, {2}}), .labels = integers({0, 0}), .class_vectors = matrix({{1}})});
  expect_finite_or_missing(one);
  expect_missing(one, "logit_margin_mean", "there is only one class");
  EXPECT_EQ(value(one, "loss"), 0);
}

}  // namespace
}  // namespace headway
