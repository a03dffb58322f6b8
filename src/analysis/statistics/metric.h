#pragma once

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

}  // namespace headway
