#pragma once

#include "analysis/accumulators/accumulator.h"

namespace headway {

/// The second pass of the geometry: how the classifier's predictions and the labels of a split
/// agree with the nearest class mean (Euclidean), the means being the train split's. On a tie the
/// lowest class wins.
class NcmSums final : public Accumulator {
 public:
  enum Total { kSamples, kUnusable, kAgreements, kCorrect, kTotals };

  /// Needs inputs.train.class_means: a class whose row is NaN has no mean and is never the nearest.
  explicit NcmSums(const AccumulatorInputs& inputs);

  void add(const SampleBatch& batch) override;
  Metrics metrics() const override;

  /// Per sample; Undefined without samples or means, or when features or logits are not finite.
  double share(Total which) const;

 private:
  at::Tensor means_;         // [K, D] double on the CPU; zero where there is none
  at::Tensor half_squares_;  // [K] ‖μ‖²/2; infinite where there is no mean
};

}  // namespace headway
