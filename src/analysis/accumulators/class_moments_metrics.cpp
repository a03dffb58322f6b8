#include "analysis/accumulators/accumulators.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace statistics {

template <>
MetricSpec describe<PresentClasses>() {
  return {.name = "present_classes",
          .summary = "classes that have at least one sample",
          .source = "own"};
}

}  // namespace statistics

namespace accumulators {

template <>
AccumulatorSpec describe<Geometry>() {
  AccumulatorSpec spec{
      .name = "geometry",
      .suite = "geometry",
      .summary = "neural collapse and other geometry of features and class vectors",
      .splits = {"train", "test"},
      .enabled = [](const EvaluationConfig& config) { return config.geometry; },
      .metrics = statistics::FeatureStatistics::describe()};
  for (const auto& more :
       {statistics::VectorStatistics::describe(), statistics::PresenceStatistics::describe()}) {
    spec.metrics.insert(spec.metrics.end(), more.begin(), more.end());
  }
  return spec;
}

}  // namespace accumulators
}  // namespace headway
