#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace headway {

/// One value of one metric. NaN with a reason means missing: the statistic is undefined here.
struct Metric {
  std::string name;
  double value = 0;
  std::string missing_reason = {};
};

using Metrics = std::vector<Metric>;

/// A statistic has no value on this input; `what()` is the reason that is stored in its place.
class Undefined : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Undefined unless `condition` holds.
void defined_if(bool condition, const std::string& reason_otherwise);

/// The metric `name`: what `compute` returns, or missing with the reason of the Undefined that it
/// threw. A result that is not finite is missing, too.
Metric measure(const std::string& name, const std::function<double()>& compute);

/// The metric `name`, missing.
Metric missing(const std::string& name, const std::string& reason);

}  // namespace headway
