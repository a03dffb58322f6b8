#include "training/suites/suite.h"

namespace headway::suites {

template <>
ComponentSpec describe<Geometry>() {
  return {.name = "geometry",
          .summary =
              "how features and class vectors lie, of un-augmented train and test images: neural "
              "collapse, spectrum, hypersphere and nearest-class-mean statistics, as trials with "
              "evaluation.geometry record them",
          .source =
              "Papyan, Han & Donoho, 'Prevalence of neural collapse during the terminal phase "
              "of deep learning training', PNAS 2020"};
}

}  // namespace headway::suites
