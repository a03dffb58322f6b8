#include <algorithm>

#include "analysis/accumulators/accumulators.h"
#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

MetricSpec unaugmented(MetricSpec metric) {
  metric.name = std::string(kUnaugmented) + metric.name;
  metric.summary += "; of the finished model on the training images as they are";
  metric.aliases.clear();
  return metric;
}

}  // namespace

bool AccumulatorSpec::is_of(std::string_view split) const {
  return std::ranges::find(splits, split) != splits.end();
}

bool AccumulatorSpec::recorded(const EvaluationConfig& config, std::string_view split) const {
  return is_of(split) && (enabled == nullptr || enabled(config));
}

const std::vector<AccumulatorSpec>& accumulator_specs() {
  static const std::vector<AccumulatorSpec> specs =
      accumulators::All::collect([]<typename Tag>() { return accumulators::describe<Tag>(); });
  return specs;
}

std::vector<MetricSpec> analysis_metric_table() {
  std::vector<MetricSpec> metrics;
  for (const AccumulatorSpec& spec : accumulator_specs()) {
    metrics.insert(metrics.end(), spec.metrics.begin(), spec.metrics.end());
    if (spec.name != kAccuracy) continue;
    std::ranges::transform(spec.metrics, std::back_inserter(metrics), unaugmented);
  }
  return metrics;
}

}  // namespace headway
