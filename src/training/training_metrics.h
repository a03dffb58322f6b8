#pragma once

#include "analysis/statistics/statistics.h"
#include "base/component_list.h"

namespace headway::statistics {

/// Metrics of training itself, besides losses and accuracies; described in training_metrics.cpp.
using TrainingMetrics = ComponentList<class EpochLearningRate,
                                      class ImagesPerSecond,
                                      class BestEpoch,
                                      class BestTop1Accuracy,
                                      class Top1AccuracyAtBestValidation>;

}  // namespace headway::statistics
