#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <span>

#include "analysis/statistics/metric.h"

namespace headway {

/// The second pass of the geometry: how the classifier's predictions and the labels of a split
/// agree with the nearest class mean (Euclidean), the means being the train split's. Merges like
/// SplitSums. On a tie the lowest class wins.
class NcmSums {
 public:
  enum Total { kSamples, kUnusable, kAgreements, kCorrect, kTotals };

  /// train_class_means [K, D] as class_means() gives them: a class whose row is NaN has no mean and
  /// is never the nearest.
  explicit NcmSums(const at::Tensor& train_class_means);

  /// features [B, D] and logits [B, K] of any floating dtype, labels [B] int64; on any device.
  void add(const at::Tensor& features, const at::Tensor& logits, const at::Tensor& labels);

  std::span<double> values() { return values_; }
  std::span<const double> values() const { return values_; }
  double total(Total which) const { return values_[which]; }
  bool has_means() const;

 private:
  at::Tensor nearest_classes(const at::Tensor& features) const;

  at::Tensor means_;         // [K, D] double on the CPU; zero where there is none
  at::Tensor half_squares_;  // [K] ‖μ‖²/2; infinite where there is no mean
  std::array<double, kTotals> values_{};
};

/// nc4_ncm_agreement and ncm_accuracy.
Metrics ncm_metrics(const NcmSums& sums);

}  // namespace headway
