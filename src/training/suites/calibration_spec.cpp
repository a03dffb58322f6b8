#include "training/suites/suite.h"

namespace headway::suites {

template <>
ComponentSpec describe<Calibration>() {
  return {.name = "calibration",
          .summary =
              "whether the predicted probabilities of the validation and test images are right: "
              "expected calibration error, negative log-likelihood and Brier score, as trials with "
              "evaluation.calibration record them",
          .source =
              "Guo, Pleiss, Sun & Weinberger, 'On calibration of modern neural networks', "
              "ICML 2017"};
}

}  // namespace headway::suites
