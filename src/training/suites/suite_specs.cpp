#include <algorithm>

#include "analysis/accumulators/accumulators.h"
#include "config/schema/catalog_tables.h"
#include "training/suites/suite.h"

namespace headway {

std::vector<ComponentSpec> suite_table() {
  return suites::All::collect([]<typename Suite>() { return suites::describe<Suite>(); });
}

bool is_recorded_by_training(const std::string& suite, const EvaluationConfig& config) {
  const std::vector<AccumulatorSpec>& specs = accumulator_specs();
  const auto belongs = [&](const AccumulatorSpec& spec) { return spec.suite == suite; };
  return std::ranges::any_of(specs, belongs) &&
         std::ranges::none_of(specs, [&](const AccumulatorSpec& spec) {
           return belongs(spec) && spec.enabled != nullptr && !spec.enabled(config);
         });
}

}  // namespace headway
