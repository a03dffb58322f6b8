#include "analysis/statistics/feature_geometry.h"

#include "analysis/statistics/metric.h"

namespace headway {

void FeatureGeometry::check_repeated_class() const {
  defined_if(class_counts.max().item<double>() > 1, "no class has 2 samples");
}

double FeatureGeometry::within_trace() const {
  check_repeated_class();
  return class_variances.dot(class_counts).item<double>() / sample_count;
}

double FeatureGeometry::between_trace() const {
  means.check_pairs();
  defined_if(!centred_means.all_zero(), "the class means coincide");
  return mean(centred_means.norms().square());
}

}  // namespace headway
