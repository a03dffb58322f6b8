#include "analysis/accumulators/accumulators.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kCondition = "evaluation.calibration is true";

}  // namespace

namespace statistics {

template <>
MetricSpec describe<Ece>() {
  return {.name = "ece",
          .summary =
              "expected calibration error: sum over 15 bins of equal width of the confidence "
              "max_k p_k, right-closed, of n_b / N |accuracy_b - mean confidence_b|",
          .source = "Naeini et al., AAAI 2015; 15 bins: Guo et al., ICML 2017",
          .recorded_when = kCondition};
}

template <>
MetricSpec describe<Mce>() {
  return {.name = "mce",
          .summary =
              "maximum calibration error: the largest |accuracy_b - mean confidence_b| of "
              "ece's bins that are not empty",
          .source = "Naeini et al., AAAI 2015",
          .recorded_when = kCondition};
}

template <>
MetricSpec describe<Nll>() {
  return {.name = "nll",
          .summary = "negative log-likelihood: mean over samples of -log p_y, p = softmax(logits)",
          .source = "Guo et al., ICML 2017",
          .recorded_when = kCondition};
}

template <>
MetricSpec describe<Brier>() {
  return {.name = "brier",
          .summary = "mean over samples of sum_k (p_k - [k = y])^2, in [0, 2]",
          .source = "Brier, Monthly Weather Review 78, 1950",
          .recorded_when = kCondition};
}

}  // namespace statistics

namespace accumulators {

template <>
AccumulatorSpec describe<Calibration>() {
  return {.name = "calibration",
          .suite = "calibration",
          .summary = "how far confidences agree with accuracies",
          .splits = {"validation", "test"},
          .enabled = [](const EvaluationConfig& config) { return config.calibration; },
          .metrics = statistics::CalibrationStatistics::describe()};
}

}  // namespace accumulators
}  // namespace headway
