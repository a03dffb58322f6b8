#pragma once

#include "analysis/accumulators/accumulator.h"
#include "analysis/statistics/feature_geometry.h"

namespace headway {

/// Sums of features over each class and the second moment of all: what the geometry of features
/// (neural collapse and its kin) is computed from.
///
/// Sums are not shifted by anchors: double then resolves a within-class variance down to about
/// 1e-13 of the squared feature norm, finer than the float32 features themselves.
class ClassMoments final : public Accumulator {
 public:
  explicit ClassMoments(AccumulatorInputs inputs);

  void add(const SampleBatch& batch) override;
  Metrics metrics() const override;
  void publish(TrainResults& results) const override { results.class_means = class_means(); }

  double samples() const { return values()[0]; }
  double unusable() const { return values()[1]; }  // samples whose features are not finite

  // Views of the sums (double, CPU, not to be written to); they live as long as this does.
  at::Tensor class_counts() const;        // [K] n_c
  at::Tensor squared_norms() const;       // [K] sum of ‖z‖²
  at::Tensor squared_unit_norms() const;  // [K] n_c less the zero features
  at::Tensor feature_sums() const;        // [K, D] sum of z
  at::Tensor unit_sums() const;           // [K, D] sum of z / ‖z‖
  at::Tensor second_moment() const;       // [D, D] sum of z z' over all samples

  /// [K, D] double; the row of a class without samples is NaN.
  at::Tensor class_means() const;
  /// What statistics of features are computed from. Undefined without samples, or when features are
  /// not finite.
  FeatureGeometry geometry() const;

 private:
  void add_to_class(std::span<const double> feature, double squared_norm, std::int64_t label);
  at::Tensor view(std::size_t offset, at::IntArrayRef sizes) const;

  AccumulatorInputs inputs_;
};

}  // namespace headway
