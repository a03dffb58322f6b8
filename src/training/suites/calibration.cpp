#include "training/suites/accumulated.h"
#include "training/suites/suite.h"

namespace headway::suites {

template <>
SplitMetrics evaluate<Calibration>(FinishedTrial& trial) {
  return accumulated_metrics(trial, "calibration");
}

}  // namespace headway::suites
