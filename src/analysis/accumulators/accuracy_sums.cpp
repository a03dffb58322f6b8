#include "analysis/accumulators/accuracy_sums.h"

#include <fmt/format.h>

#include "analysis/statistics/statistics.h"

namespace headway {

// kLoss comes last: there is none where the loss is the cross entropy.
AccuracySums::AccuracySums(const AccumulatorInputs& inputs)
    : Accumulator(inputs.loss ? kTotals : kLoss), classes_(inputs.classes()), loss_(inputs.loss) {}

void AccuracySums::add(const SampleBatch& batch) {
  const std::span<double> sums = values();
  for (const LogitScore& score : batch.scores()) {
    sums[kSamples] += 1;
    sums[kUnusable] += score.finite ? 0 : 1;
    sums[kCrossEntropy] += score.cross_entropy;
    sums[kTop1] += score.rank == 0 ? 1 : 0;
    sums[kTop5] += score.rank < kTopFive ? 1 : 0;
  }
  if (has_own_loss() && batch.size() > 0) sums[kLoss] += loss_(batch);
}

Metrics AccuracySums::metrics() const {
  Metrics metrics = statistics::AccuracyStatistics::compute(*this);
  if (has_own_loss()) {
    const Metrics more = statistics::CrossEntropyStatistics::compute(*this);
    metrics.insert(metrics.end(), more.begin(), more.end());
  }
  return metrics;
}

double AccuracySums::mean(Total which) const {
  const double samples = values()[kSamples];
  const double unusable = values()[kUnusable];
  defined_if(samples > 0, "the split has no samples");
  defined_if(unusable == 0,
             fmt::format("{} of {} samples have logits that are not finite", unusable, samples));
  return values()[which] / samples;
}

namespace statistics {

template <>
double compute<TrialLoss>(const AccuracySums& sums) {
  return sums.mean(sums.has_own_loss() ? AccuracySums::kLoss : AccuracySums::kCrossEntropy);
}

template <>
double compute<MeanCrossEntropy>(const AccuracySums& sums) {
  return sums.mean(AccuracySums::kCrossEntropy);
}

template <>
double compute<Top1Accuracy>(const AccuracySums& sums) {
  return sums.mean(AccuracySums::kTop1);
}

template <>
double compute<Top5Accuracy>(const AccuracySums& sums) {
  defined_if(sums.classes() > kTopFive, "there are no more than 5 classes");
  return sums.mean(AccuracySums::kTop5);
}

}  // namespace statistics

namespace accumulators {

template <>
std::unique_ptr<Accumulator> make<Accuracy>(const AccumulatorInputs& inputs) {
  return std::make_unique<AccuracySums>(inputs);
}

}  // namespace accumulators
}  // namespace headway
