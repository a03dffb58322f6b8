#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kPaper = "arXiv 2011.08704";

}  // namespace

namespace statistics {

template <>
MetricSpec describe<IntraClassCompactness>() {
  return {.name = "intra_class_compactness",
          .summary = "mean over samples of cos(z, mu_y)",
          .source = kPaper,
          .higher_is_better = true};
}

template <>
MetricSpec describe<IntraClassPairwiseCosine>() {
  return {.name = "intra_class_pairwise_cosine",
          .summary = "mean cosine of two samples of one class",
          .source = "own",
          .higher_is_better = true};
}

template <>
MetricSpec describe<InterClassPairwiseCosine>() {
  return {.name = "inter_class_pairwise_cosine",
          .summary = "mean cosine of two samples of different classes",
          .source = "own"};
}

template <>
MetricSpec describe<CosineGap>() {
  return {.name = "cosine_gap",
          .summary = "intra_class_pairwise_cosine - inter_class_pairwise_cosine",
          .source = "own",
          .higher_is_better = true};
}

template <>
MetricSpec describe<InterClassCosineMean>() {
  return {.name = "inter_class_cosine_mean",
          .summary = "mean over class pairs of cos(mu_i, mu_j), means not centred",
          .source = kPaper};
}

template <>
MetricSpec describe<InterClassCosineMax>() {
  return {.name = "inter_class_cosine_max",
          .summary = "largest cos(mu_i, mu_j), i != j",
          .source = "own"};
}

template <>
MetricSpec describe<InterClassSeparability>() {
  return {.name = "inter_class_separability",
          .summary = "1 - inter_class_cosine_mean",
          .source = kPaper,
          .higher_is_better = true};
}

template <>
MetricSpec describe<SampleAlignment>() {
  return {.name = "alignment",
          .summary = "mean squared distance of two normalised features of one class",
          .source = "Wang and Isola, ICML 2020"};
}

}  // namespace statistics
}  // namespace headway
