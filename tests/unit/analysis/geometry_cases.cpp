#include "geometry_cases.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/philox.h"

namespace headway::testing {

at::Tensor matrix(const std::vector<std::vector<double>>& rows) {
  const auto width = static_cast<std::int64_t>(rows.front().size());
  at::Tensor result = at::empty({static_cast<std::int64_t>(rows.size()), width}, at::kDouble);
  double* next = result.mutable_data_ptr<double>();
  for (const auto& row : rows) next = std::copy(row.begin(), row.end(), next);
  return result;
}

at::Tensor integers(const std::vector<std::int64_t>& values) {
  at::Tensor result = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), result.mutable_data_ptr<std::int64_t>());
  return result;
}

at::Tensor simplex(std::int64_t classes, std::int64_t dimensions) {
  const auto count = static_cast<double>(classes);
  at::Tensor result = at::zeros({classes, dimensions}, at::kDouble);
  result.slice(1, 0, classes)
      .copy_((at::eye(classes, at::kDouble) - 1 / count) * std::sqrt(count / (count - 1)));
  return result;
}

at::Tensor normal_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  RandomStream random(seed, "test");
  at::Tensor result = at::empty({rows, columns}, at::kDouble);
  auto* first = result.mutable_data_ptr<double>();
  std::generate(first, first + rows * columns, [&] { return random.normal(); });
  return result;
}

at::Tensor repeated_labels(std::int64_t classes, std::int64_t per_class) {
  return at::arange(classes, at::kLong).repeat_interleave(per_class);
}

GeometryCase completed(GeometryCase sample) {
  if (!sample.logits.defined()) sample.logits = sample.features.mm(sample.class_vectors.t());
  if (!sample.initial_class_vectors.defined()) {
    sample.initial_class_vectors = sample.class_vectors.clone();
  }
  return sample;
}

AccumulatorInputs inputs_of(const GeometryCase& whole) {
  return {.class_vectors = whole.class_vectors,
          .initial_class_vectors = whole.initial_class_vectors,
          .bias = whole.bias,
          .loss = nullptr,
          .train = {}};
}

SampleBatch batch_of(const GeometryCase& whole,
                     std::int64_t first,
                     std::optional<std::int64_t> last) {
  const std::int64_t end = last.value_or(whole.labels.numel());
  return SampleBatch({.features = whole.features.slice(0, first, end),
                      .logits = whole.logits.slice(0, first, end),
                      .labels = whole.labels.slice(0, first, end),
                      .class_vectors = whole.class_vectors});
}

ClassMoments moments_of(const GeometryCase& sample) {
  const GeometryCase whole = completed(sample);
  ClassMoments moments(inputs_of(whole));
  moments.add(batch_of(whole));
  return moments;
}

Metrics metrics_of(const GeometryCase& sample) {
  const GeometryCase whole = completed(sample);
  const SampleBatch batch = batch_of(whole);
  AccumulatorInputs inputs = inputs_of(whole);
  Metrics all;
  for (const bool second_pass : {false, true}) {
    for (const AccumulatorSpec& spec : accumulator_specs()) {
      if (spec.second_pass != second_pass) continue;
      const auto accumulator = make_accumulator(spec.name, inputs);
      accumulator->add(batch);
      const Metrics more = accumulator->metrics();
      all.insert(all.end(), more.begin(), more.end());
      accumulator->publish(inputs.train);
    }
  }
  return all;
}

const Metric& metric(const Metrics& metrics, const std::string& name) {
  const auto found = std::find_if(
      metrics.begin(), metrics.end(), [&](const Metric& one) { return one.name == name; });
  if (found == metrics.end()) throw std::out_of_range("no metric '" + name + "'");
  return *found;
}

double value(const Metrics& metrics, const std::string& name) {
  const Metric& found = metric(metrics, name);
  EXPECT_EQ(found.missing_reason, "") << name;
  return found.value;
}

void expect_missing(const Metrics& metrics, const std::string& name, const std::string& reason) {
  const Metric& found = metric(metrics, name);
  EXPECT_TRUE(std::isnan(found.value)) << name << " is " << found.value;
  EXPECT_EQ(found.missing_reason, reason) << name;
}

void expect_finite_or_missing(const Metrics& metrics) {
  for (const Metric& one : metrics) {
    EXPECT_EQ(std::isfinite(one.value), one.missing_reason.empty()) << one.name;
    EXPECT_TRUE(std::isfinite(one.value) || std::isnan(one.value)) << one.name;
  }
}

}  // namespace headway::testing
