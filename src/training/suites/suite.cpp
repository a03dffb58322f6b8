#include "training/suites/suite.h"

#include <utility>

#include "training/finished_trial.h"

namespace headway {

SplitMetrics evaluate_suite(const std::string& name, FinishedTrial& trial) {
  static const auto table = suites::All::collect([]<typename Suite>() {
    return std::pair{suites::describe<Suite>().name, &suites::evaluate<Suite>};
  });
  const std::string& known = component(Family::kSuite, name).name;
  for (const auto& [suite, evaluate] : table) {
    if (suite == known) return evaluate(trial);
  }
  throw std::logic_error("a suite without code: " + known);
}

}  // namespace headway
