#pragma once

#include <span>

#include "analysis/statistics/feature_geometry.h"

namespace headway {

/// A number computed from features' moments; throws Undefined where it has no value.
struct FeatureStatistic {
  const char* name;
  double (*compute)(const FeatureGeometry&);
};

/// A number computed from the class vectors alone.
struct VectorStatistic {
  const char* name;
  double (*compute)(const VectorMovement&);
};

// The families, one file each. To add a statistic: write it in its family's file and name it in the
// table there. Formulas and sources are in the metric catalog of config.
std::span<const FeatureStatistic> variability_statistics();    // nc1_*, variance fractions
std::span<const FeatureStatistic> mean_simplex_statistics();   // nc2_*_means
std::span<const FeatureStatistic> self_duality_statistics();   // nc3_*
std::span<const FeatureStatistic> sample_cosine_statistics();  // cosines within, between classes
std::span<const FeatureStatistic> spectrum_statistics();       // effective rank and kin
std::span<const FeatureStatistic> mean_hypersphere_statistics();

std::span<const VectorStatistic> vector_simplex_statistics();  // nc2_*_vectors
std::span<const VectorStatistic> class_vector_statistics();    // cosines, norms, movement
std::span<const VectorStatistic> vector_hypersphere_statistics();

}  // namespace headway
