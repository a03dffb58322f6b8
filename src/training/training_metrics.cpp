#include "training/training_metrics.h"

#include "config/schema/catalog_tables.h"

namespace headway {
namespace statistics {

template <>
MetricSpec describe<EpochLearningRate>() {
  return {.name = "learning_rate", .summary = "at the last step of the epoch", .source = "-"};
}

template <>
MetricSpec describe<ImagesPerSecond>() {
  return {.name = "images_per_second",
          .summary = "training images per second of the epoch, all ranks together",
          .source = "-",
          .higher_is_better = true,
          .is_timing = true};
}

template <>
MetricSpec describe<BestEpoch>() {
  return {
      .name = "best_epoch",
      .summary = "the epoch with the highest top1_accuracy of the split, the earliest of equals",
      .source = "-"};
}

template <>
MetricSpec describe<BestTop1Accuracy>() {
  return {.name = "best_top1_accuracy",
          .summary = "top1_accuracy of the split after best_epoch",
          .source = "-",
          .higher_is_better = true};
}

template <>
MetricSpec describe<Top1AccuracyAtBestValidation>() {
  return {.name = "top1_accuracy_at_best_validation",
          .summary = "top1_accuracy of the split after the epoch that validated best",
          .source = "-",
          .higher_is_better = true};
}

}  // namespace statistics

std::vector<MetricSpec> training_metric_table() {
  return statistics::TrainingMetrics::collect(
      []<typename Metric>() { return statistics::describe<Metric>(); });
}

}  // namespace headway
