#include "training/suites/accumulated.h"
#include "training/suites/suite.h"

namespace headway::suites {

template <>
SplitMetrics evaluate<Geometry>(FinishedTrial& trial) {
  return accumulated_metrics(trial, "geometry");
}

}  // namespace headway::suites
