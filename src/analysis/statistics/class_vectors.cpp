// The class vectors alone: their angles, their lengths, and how far training moved them.
#include <ATen/TensorOperators.h>

#include <cmath>
#include <numbers>

#include "analysis/statistics/feature_geometry.h"
#include "analysis/statistics/metric.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// Angle of each class vector with its initial one [K]. Kahan's formula is exact for small angles:
// vectors that did not move give 0, where arccos of a rounded cosine would not.
at::Tensor movement_degrees(const VectorMovement& c) {
  const at::Tensor norms = c.initial.norm(2, 1);
  defined_if(!norms.le(kCosineEpsilon).any().item<bool>(), "an initial class vector is zero");
  const at::Tensor& now = c.vectors.directions();
  const at::Tensor then = unit_rows(c.initial);
  const at::Tensor radians = 2 * (now - then).norm(2, 1).atan2((now + then).norm(2, 1));
  return radians * (180 / std::numbers::pi);
}

}  // namespace

namespace statistics {

template <>
double compute<ClassVectorCosineMax>(const VectorMovement& c) {
  return c.vectors.pair_cosines().max().item<double>();
}

template <>
double compute<ClassVectorCosineMin>(const VectorMovement& c) {
  return c.vectors.pair_cosines().min().item<double>();
}

template <>
double compute<ClassVectorCosineMean>(const VectorMovement& c) {
  return mean(c.vectors.pair_cosines());
}

template <>
double compute<ClassVectorCosineMeanAbs>(const VectorMovement& c) {
  return mean(c.vectors.pair_cosines().abs());
}

template <>
double compute<ClassVectorNormMean>(const VectorMovement& c) {
  return mean(c.vectors.norms());
}

template <>
double compute<ClassVectorMovementDegreesMean>(const VectorMovement& c) {
  return mean(movement_degrees(c));
}

template <>
double compute<ClassVectorMovementDegreesMax>(const VectorMovement& c) {
  return movement_degrees(c).max().item<double>();
}

}  // namespace statistics
}  // namespace headway
