#pragma once

#include "analysis/accumulators/accumulator.h"

namespace headway {

/// How many samples are classified right, and at what loss.
class AccuracySums final : public Accumulator {
 public:
  enum Total { kSamples, kUnusable, kCrossEntropy, kTop1, kTop5, kLoss, kTotals };

  explicit AccuracySums(const AccumulatorInputs& inputs);

  void add(const SampleBatch& batch) override;
  Metrics metrics() const override;

  /// The mean over samples; Undefined without samples or with logits that are not finite.
  double mean(Total which) const;
  bool has_own_loss() const { return loss_ != nullptr; }
  std::int64_t classes() const { return classes_; }

 private:
  std::int64_t classes_;
  std::function<double(const SampleBatch&)> loss_;
};

}  // namespace headway
