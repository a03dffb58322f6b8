#pragma once

#include "analysis/accumulators/accumulator.h"

namespace headway {

/// How far a classifier's confidence can be trusted. With p = softmax(logits), in double, and the
/// confidence max_k p_k of a sample, bin b = 1..15 counts samples whose confidence lies in
/// ((b-1)/15, b/15].
///
/// Naeini, Cooper and Hauskrecht, AAAI 2015; 15 bins as Guo et al., ICML 2017, have them.
class CalibrationSums final : public Accumulator {
 public:
  static constexpr std::size_t kBins = 15;
  enum Total { kSamples, kUnusable, kNegativeLogLikelihood, kBrier, kTotals };
  struct Bin {
    double count = 0;
    double confidence = 0;  // sum over its samples
    double correct = 0;     // how many are predicted right
  };

  explicit CalibrationSums(const AccumulatorInputs& inputs);

  void add(const SampleBatch& batch) override;
  Metrics metrics() const override;

  /// The sum divided by the number of samples; Undefined without samples or when logits are not
  /// finite.
  double per_sample(double sum) const;
  double total(Total which) const { return values()[which]; }
  Bin bin(std::size_t index) const;
};

/// 0 for confidences in (0, 1/15], ... 14 for those in (14/15, 1].
std::size_t confidence_bin(double confidence);

}  // namespace headway
