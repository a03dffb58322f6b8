#include "analysis/statistics/statistics.h"

namespace headway::statistics {

template <>
MetricSpec describe<ClassVectorCosineMax>() {
  return {.name = "class_vector_cosine_max",
          .summary = "largest cos(w_i, w_j), i != j",
          .source = "own"};
}

template <>
MetricSpec describe<ClassVectorCosineMin>() {
  return {.name = "class_vector_cosine_min",
          .summary = "smallest cos(w_i, w_j), i != j",
          .source = "own"};
}

template <>
MetricSpec describe<ClassVectorCosineMean>() {
  return {.name = "class_vector_cosine_mean",
          .summary = "mean of cos(w_i, w_j), i != j",
          .source = "own"};
}

template <>
MetricSpec describe<ClassVectorCosineMeanAbs>() {
  return {.name = "class_vector_cosine_mean_abs",
          .summary = "mean of |cos(w_i, w_j)|, i != j",
          .source = "own"};
}

template <>
MetricSpec describe<ClassVectorNormMean>() {
  return {.name = "class_vector_norm_mean", .summary = "mean of |w_k|", .source = "own"};
}

template <>
MetricSpec describe<ClassVectorMovementDegreesMean>() {
  return {.name = "class_vector_movement_degrees_mean",
          .summary = "mean angle between a class vector now and as drawn; 0 when fixed",
          .source = "own"};
}

template <>
MetricSpec describe<ClassVectorMovementDegreesMax>() {
  return {.name = "class_vector_movement_degrees_max",
          .summary = "largest angle between a class vector now and as drawn",
          .source = "own"};
}

}  // namespace headway::statistics
