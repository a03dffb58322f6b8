#include "training/suites/accumulated.h"

#include <string>

#include "analysis/accumulators/accumulators.h"
#include "training/finished_trial.h"

namespace headway {

SplitMetrics accumulated_metrics(FinishedTrial& trial, std::string_view suite) {
  const auto belongs = [suite](const AccumulatorSpec& spec, const std::string& split) {
    return spec.suite == suite && spec.is_of(split);
  };
  Evaluator::Splits splits;
  for (const AccumulatorSpec& spec : accumulator_specs()) {
    if (spec.suite != suite) continue;
    for (const std::string& split : spec.splits) {
      if (trial.has_images(split)) splits.emplace(split, trial.split(split));
    }
  }
  return trial.evaluator().statistics(splits, belongs);
}

}  // namespace headway
