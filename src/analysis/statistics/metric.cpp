#include "analysis/statistics/metric.h"

#include <cmath>
#include <limits>

namespace headway {

void defined_if(bool condition, const std::string& reason_otherwise) {
  if (!condition) throw Undefined(reason_otherwise);
}

Metric measure(const std::string& name, const std::function<double()>& compute) {
  try {
    const double value = compute();
    if (!std::isfinite(value)) return missing(name, "the value is not finite");
    return {name, value};
  } catch (const Undefined& undefined) {
    return missing(name, undefined.what());
  }
}

Metric missing(const std::string& name, const std::string& reason) {
  return {name, std::numeric_limits<double>::quiet_NaN(), reason};
}

}  // namespace headway
