#include "analysis/statistics/vector_set.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/pdist.h>
#include <ATen/ops/triu_indices.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analysis/statistics/metric.h"

namespace headway {
namespace {

// [2, N(N-1)/2]: i and j of every pair i < j, row by row.
at::Tensor pair_indices(std::int64_t count) {
  return at::triu_indices(count, count, 1, at::TensorOptions(at::kLong));
}

}  // namespace

at::Tensor unit_rows(const at::Tensor& matrix) {
  return matrix / matrix.norm(2, 1, /*keepdim=*/true).clamp_min(kCosineEpsilon);
}

at::Tensor upper_triangle(const at::Tensor& square) {
  const at::Tensor pairs = pair_indices(square.size(0));
  return square.flatten().index_select(0, pairs[0] * square.size(0) + pairs[1]);
}

double mean(const at::Tensor& values) {
  return values.mean().item<double>();
}

double population_std(const at::Tensor& values) {
  return std::sqrt((values - values.mean()).square().mean().item<double>());
}

VectorSet::VectorSet(at::Tensor rows, Names names, double zero_norm)
    : rows_(std::move(rows)),
      names_(std::move(names)),
      zero_norm_(zero_norm),
      norms_(rows_.norm(2, 1)),
      directions_(unit_rows(rows_)),
      pair_cosines_(upper_triangle(directions_.mm(directions_.t())).clamp(-1, 1)) {}

bool VectorSet::all_zero() const {
  return norms_.le(zero_norm_).all().item<bool>();
}

const at::Tensor& VectorSet::directions() const {
  const auto* norm = norms_.const_data_ptr<double>();
  for (std::size_t i = 0; i < names_.classes.size(); ++i) {
    defined_if(!(norm[i] <= zero_norm_),
               fmt::format("the {} of class {} is zero", names_.singular, names_.classes[i]));
  }
  return directions_;
}

const at::Tensor& VectorSet::pair_cosines() const {
  check_pairs();
  directions();
  return pair_cosines_;
}

at::Tensor VectorSet::pair_distances() const {
  check_pairs();
  at::Tensor distances = at::pdist(rows_);
  const std::int64_t closest = distances.argmin().item<std::int64_t>();
  defined_if(!(distances[closest].item<double>() <= zero_norm_), pair_reason(closest, "coincide"));
  return distances;
}

void VectorSet::check_pairs() const {
  defined_if(count() >= 2, "fewer than 2 classes are present");
}

std::string VectorSet::pair_reason(std::int64_t pair, const std::string& what) const {
  const at::Tensor members = pair_indices(count()).select(1, pair);
  const auto class_of = [&](std::int64_t row) {
    return names_.classes[static_cast<std::size_t>(members[row].item<std::int64_t>())];
  };
  return fmt::format(
      "the {}s of classes {} and {} {}", names_.singular, class_of(0), class_of(1), what);
}

}  // namespace headway
