// The class vectors alone: their angles, their lengths, and how far training moved them.
#include <ATen/TensorOperators.h>

#include <cmath>
#include <numbers>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

double cosine_max(const VectorMovement& c) {
  return c.vectors.pair_cosines().max().item<double>();
}

double cosine_min(const VectorMovement& c) {
  return c.vectors.pair_cosines().min().item<double>();
}

double cosine_mean(const VectorMovement& c) {
  return mean(c.vectors.pair_cosines());
}

double cosine_mean_abs(const VectorMovement& c) {
  return mean(c.vectors.pair_cosines().abs());
}

double norm_mean(const VectorMovement& c) {
  return mean(c.vectors.norms());
}

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

double movement_mean(const VectorMovement& c) {
  return mean(movement_degrees(c));
}

double movement_max(const VectorMovement& c) {
  return movement_degrees(c).max().item<double>();
}

constexpr VectorStatistic kStatistics[] = {
    {"class_vector_cosine_max", cosine_max},
    {"class_vector_cosine_min", cosine_min},
    {"class_vector_cosine_mean", cosine_mean},
    {"class_vector_cosine_mean_abs", cosine_mean_abs},
    {"class_vector_norm_mean", norm_mean},
    {"class_vector_movement_degrees_mean", movement_mean},
    {"class_vector_movement_degrees_max", movement_max},
};

}  // namespace

std::span<const VectorStatistic> class_vector_statistics() {
  return kStatistics;
}

}  // namespace headway
