#pragma once

#include "analysis/accumulators/accumulator.h"

namespace headway {

/// Lengths of features and their cosines with the class vectors, apart for right and wrong
/// predictions: the statistics of arXiv 2011.08704, and margins.
class PredictionSums final : public Accumulator {
 public:
  enum Total { kSamples, kUnusableLogits, kUnusableFeatures, kMargin, kTotals };
  enum Outcome { kWrong, kCorrect, kOutcomes };
  /// Each outcome has its own sum of each.
  enum Trait {
    kCount,
    kNorm,
    kSquaredNorm,
    kLargestCosine,
    kSquaredLargestCosine,
    kOwnCosine,
    kTraits
  };

  explicit PredictionSums(const AccumulatorInputs& inputs);

  void add(const SampleBatch& batch) override;
  Metrics metrics() const override;

  double total(Total which) const { return values()[which]; }
  double outcome(Outcome which, Trait trait) const;
  std::int64_t classes() const { return classes_; }

 private:
  std::int64_t classes_;
};

}  // namespace headway
