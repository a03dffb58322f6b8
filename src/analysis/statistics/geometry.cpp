#include <c10/core/GradMode.h>

#include <functional>
#include <initializer_list>
#include <numeric>
#include <span>
#include <vector>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/statistics.h"
#include "base/errors.h"

namespace headway {
namespace {

template <typename Statistic>
std::vector<Statistic> joined(std::initializer_list<std::span<const Statistic>> families) {
  std::vector<Statistic> all;
  for (const auto& family : families) all.insert(all.end(), family.begin(), family.end());
  return all;
}

std::vector<FeatureStatistic> feature_statistics() {
  return joined({variability_statistics(),
                 mean_simplex_statistics(),
                 self_duality_statistics(),
                 sample_cosine_statistics(),
                 spectrum_statistics(),
                 mean_hypersphere_statistics()});
}

std::vector<VectorStatistic> vector_statistics() {
  return joined(
      {vector_simplex_statistics(), class_vector_statistics(), vector_hypersphere_statistics()});
}

Metrics metrics_of_features(const std::function<FeatureGeometry()>& make_geometry) {
  Metrics metrics;
  try {
    const FeatureGeometry geometry = make_geometry();
    for (const auto& [name, compute] : feature_statistics()) {
      metrics.push_back(measure(name, [&, compute = compute] { return compute(geometry); }));
    }
  } catch (const Undefined& undefined) {
    for (const auto& statistic : feature_statistics()) {
      metrics.push_back(missing(statistic.name, undefined.what()));
    }
  }
  return metrics;
}

VectorMovement class_vectors_as_double(const at::Tensor& current, const at::Tensor& initial) {
  const at::TensorOptions options = at::TensorOptions(at::kCPU).dtype(at::kDouble);
  std::vector<std::int64_t> classes(static_cast<std::size_t>(current.size(0)));
  std::iota(classes.begin(), classes.end(), std::int64_t{0});
  return {VectorSet(current.to(options), {"class vector", classes}), initial.to(options)};
}

}  // namespace

Metrics geometry_metrics(const SplitSums& sums,
                         const at::Tensor& class_vectors,
                         const at::Tensor& initial_class_vectors,
                         const std::optional<at::Tensor>& bias) {
  const c10::NoGradGuard no_grad;
  const auto& [classes, feature_size, geometry] = sums.shape();
  expects(geometry, "geometry needs sums made with geometry");
  expects(class_vectors.sizes() == at::IntArrayRef({classes, feature_size}),
          "class vectors are [K, D]");
  expects(initial_class_vectors.sizes() == class_vectors.sizes(),
          "initial class vectors have the shape of the class vectors");
  expects(!bias || bias->sizes() == at::IntArrayRef({classes}), "the bias is [K]");
  Metrics metrics =
      metrics_of_features([&] { return feature_geometry(sums, class_vectors, bias); });
  const VectorMovement vectors = class_vectors_as_double(class_vectors, initial_class_vectors);
  for (const auto& [name, compute] : vector_statistics()) {
    metrics.push_back(measure(name, [&, compute = compute] { return compute(vectors); }));
  }
  metrics.push_back({"present_classes", sums.class_counts().count_nonzero().item<double>()});
  return metrics;
}

}  // namespace headway
