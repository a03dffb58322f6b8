#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/accumulators/accumulator.h"
#include "analysis/accumulators/class_moments.h"

namespace headway::testing {

/// One split with the head that scored it. Tensors are double, so that known answers are exact.
struct GeometryCase {
  at::Tensor features;       // [N, D]
  at::Tensor labels;         // [N]
  at::Tensor class_vectors;  // [K, D]
  at::Tensor logits = {};    // [N, K]; features times class vectors when left out
  std::optional<at::Tensor> bias = std::nullopt;
  at::Tensor initial_class_vectors = {};  // those of `class_vectors` when left out
};

at::Tensor matrix(const std::vector<std::vector<double>>& rows);
at::Tensor integers(const std::vector<std::int64_t>& values);
/// Unit rows [K, D] with pairwise cosine -1/(K-1), in the first K of D >= K dimensions.
at::Tensor simplex(std::int64_t classes, std::int64_t dimensions);
/// [rows, columns] standard normal numbers.
at::Tensor normal_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed);
/// 0, 0, ..., 1, 1, ...: `per_class` of each.
at::Tensor repeated_labels(std::int64_t classes, std::int64_t per_class);

/// Fills in what was left out.
GeometryCase completed(GeometryCase sample);
/// What accumulators over a completed case are made from.
AccumulatorInputs inputs_of(const GeometryCase& whole);
/// Rows [first, last) of a completed case; to its end without `last`.
SampleBatch batch_of(const GeometryCase& whole,
                     std::int64_t first = 0,
                     std::optional<std::int64_t> last = std::nullopt);
ClassMoments moments_of(const GeometryCase& sample);
/// Every metric of all accumulators; those of a second pass with the case's own means.
Metrics metrics_of(const GeometryCase& sample);

const Metric& metric(const Metrics& metrics, const std::string& name);
/// The value; a missing metric fails the test with its reason.
double value(const Metrics& metrics, const std::string& name);
/// The metric must be missing, for `reason`.
void expect_missing(const Metrics& metrics, const std::string& name, const std::string& reason);
/// Every metric is either finite and without a reason, or NaN with one.
void expect_finite_or_missing(const Metrics& metrics);

}  // namespace headway::testing
