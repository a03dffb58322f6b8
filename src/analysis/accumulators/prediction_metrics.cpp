#include "analysis/accumulators/accumulators.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kPaper = "arXiv 2011.08704";

MetricSpec mean_over(const std::string& outcome, const std::string& name, const std::string& what) {
  return {.name = name + "_mean_" + outcome,
          .summary = "mean of " + what + " over " + outcome + " predictions",
          .source = kPaper};
}

MetricSpec std_over(const std::string& outcome, const std::string& name, const std::string& what) {
  return {
      .name = name + "_std_" + outcome,
      .summary = "standard deviation (population) of " + what + " over " + outcome + " predictions",
      .source = kPaper};
}

}  // namespace

namespace statistics {

template <>
MetricSpec describe<FeatureNormMeanCorrect>() {
  return mean_over("correct", "feature_norm", "|z|");
}

template <>
MetricSpec describe<FeatureNormStdCorrect>() {
  return std_over("correct", "feature_norm", "|z|");
}

template <>
MetricSpec describe<MaxCosineMeanCorrect>() {
  return mean_over("correct", "max_cosine", "max_k cos(z, w_k)");
}

template <>
MetricSpec describe<MaxCosineStdCorrect>() {
  return std_over("correct", "max_cosine", "max_k cos(z, w_k)");
}

template <>
MetricSpec describe<FeatureNormMeanWrong>() {
  return mean_over("wrong", "feature_norm", "|z|");
}

template <>
MetricSpec describe<FeatureNormStdWrong>() {
  return std_over("wrong", "feature_norm", "|z|");
}

template <>
MetricSpec describe<MaxCosineMeanWrong>() {
  return mean_over("wrong", "max_cosine", "max_k cos(z, w_k)");
}

template <>
MetricSpec describe<MaxCosineStdWrong>() {
  return std_over("wrong", "max_cosine", "max_k cos(z, w_k)");
}

template <>
MetricSpec describe<OwnCosineMean>() {
  return {.name = "own_cosine_mean",
          .summary = "mean over samples of cos(z, w_y)",
          .source = "own",
          .higher_is_better = true};
}

template <>
MetricSpec describe<LogitMarginMean>() {
  return {.name = "logit_margin_mean",
          .summary = "mean over samples of l_y - max over the other classes",
          .source = "own",
          .higher_is_better = true};
}

}  // namespace statistics

namespace accumulators {

template <>
AccumulatorSpec describe<Predictions>() {
  return {.name = "predictions",
          .suite = "predictions",
          .summary = "lengths and cosines of features by right and wrong predictions",
          .splits = {"train", "test"},
          .metrics = statistics::PredictionStatistics::describe()};
}

}  // namespace accumulators
}  // namespace headway
