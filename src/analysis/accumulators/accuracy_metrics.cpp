#include "analysis/accumulators/accumulators.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace statistics {

template <>
MetricSpec describe<TrialLoss>() {
  return {.name = "loss",
          .summary =
              "the trial's loss, mean over samples (cross entropy: with label smoothing "
              "and mixup in training, without in evaluations)",
          .source = "-"};
}

template <>
MetricSpec describe<MeanCrossEntropy>() {
  return {.name = "cross_entropy",
          .summary = "mean over samples of -log softmax(logits)[label]",
          .source = "-",
          .recorded_when = "the trial's loss is another one"};
}

template <>
MetricSpec describe<Top1Accuracy>() {
  return {.name = "top1_accuracy",
          .summary = "share of samples whose largest logit is the right class, 0 to 1",
          .source = "-",
          .aliases = {"accuracy", "top1"},
          .higher_is_better = true};
}

template <>
MetricSpec describe<Top5Accuracy>() {
  return {.name = "top5_accuracy",
          .summary = "share of samples whose right class is among the five largest logits",
          .source = "-",
          .aliases = {"top5"},
          .higher_is_better = true};
}

}  // namespace statistics

namespace accumulators {

template <>
AccumulatorSpec describe<Accuracy>() {
  AccumulatorSpec spec{.name = std::string(kAccuracy),
                       .suite = "accuracy",
                       .summary = "loss and accuracy, of every evaluation",
                       .splits = {"train", "validation", "test"},
                       .metrics = statistics::AccuracyStatistics::describe()};
  for (const MetricSpec& metric : statistics::CrossEntropyStatistics::describe()) {
    spec.metrics.push_back(metric);
  }
  return spec;
}

}  // namespace accumulators
}  // namespace headway
