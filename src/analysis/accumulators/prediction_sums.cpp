#include "analysis/accumulators/prediction_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

std::size_t index_of(PredictionSums::Outcome outcome, PredictionSums::Trait trait) {
  return PredictionSums::kTotals + static_cast<std::size_t>(outcome) * PredictionSums::kTraits +
         trait;
}

void check_usable(const PredictionSums& sums, PredictionSums::Total unusable, const char* what) {
  const double samples = sums.total(PredictionSums::kSamples);
  defined_if(samples > 0, "the split has no samples");
  defined_if(
      sums.total(unusable) == 0,
      fmt::format(
          "{} of {} samples have {} that are not finite", sums.total(unusable), samples, what));
}

void check_logits(const PredictionSums& sums) {
  check_usable(sums, PredictionSums::kUnusableLogits, "logits");
}

void check_features(const PredictionSums& sums) {
  check_usable(sums, PredictionSums::kUnusableFeatures, "features");
}

double mean_of(const PredictionSums& sums,
               PredictionSums::Outcome outcome,
               PredictionSums::Trait trait) {
  check_logits(sums);
  check_features(sums);
  const double count = sums.outcome(outcome, PredictionSums::kCount);
  defined_if(
      count > 0,
      outcome == PredictionSums::kCorrect ? "no prediction is correct" : "no prediction is wrong");
  return sums.outcome(outcome, trait) / count;
}

// With divisor n; the trait behind `trait` is the sum of its squares.
double std_of(const PredictionSums& sums,
              PredictionSums::Outcome outcome,
              PredictionSums::Trait trait) {
  const auto square = static_cast<PredictionSums::Trait>(trait + 1);
  const double mean = mean_of(sums, outcome, trait);
  return std::sqrt(std::max(0.0, mean_of(sums, outcome, square) - mean * mean));
}

}  // namespace

PredictionSums::PredictionSums(const AccumulatorInputs& inputs)
    : Accumulator(index_of(kOutcomes, kCount)), classes_(inputs.classes()) {}

void PredictionSums::add(const SampleBatch& batch) {
  const std::span<double> sums = values();
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    const LogitScore& score = batch.scores()[row];
    const double squared_norm = batch.squared_norms()[row];
    const auto cosines = row_of(batch.cosines(), i);
    const double largest_cosine = *std::ranges::max_element(cosines);
    sums[kSamples] += 1;
    sums[kUnusableLogits] += score.finite ? 0 : 1;
    sums[kUnusableFeatures] += std::isfinite(squared_norm) ? 0 : 1;
    sums[kMargin] += score.margin;
    double* traits = &sums[index_of(score.rank == 0 ? kCorrect : kWrong, kCount)];
    traits[kCount] += 1;
    traits[kNorm] += std::sqrt(squared_norm);
    traits[kSquaredNorm] += squared_norm;
    traits[kLargestCosine] += largest_cosine;
    traits[kSquaredLargestCosine] += largest_cosine * largest_cosine;
    traits[kOwnCosine] += cosines[static_cast<std::size_t>(batch.labels()[row])];
  }
}

Metrics PredictionSums::metrics() const {
  return statistics::PredictionStatistics::compute(*this);
}

double PredictionSums::outcome(Outcome which, Trait trait) const {
  return values()[index_of(which, trait)];
}

namespace statistics {

template <>
double compute<FeatureNormMeanCorrect>(const PredictionSums& sums) {
  return mean_of(sums, PredictionSums::kCorrect, PredictionSums::kNorm);
}

template <>
double compute<FeatureNormStdCorrect>(const PredictionSums& sums) {
  return std_of(sums, PredictionSums::kCorrect, PredictionSums::kNorm);
}

template <>
double compute<MaxCosineMeanCorrect>(const PredictionSums& sums) {
  return mean_of(sums, PredictionSums::kCorrect, PredictionSums::kLargestCosine);
}

template <>
double compute<MaxCosineStdCorrect>(const PredictionSums& sums) {
  return std_of(sums, PredictionSums::kCorrect, PredictionSums::kLargestCosine);
}

template <>
double compute<FeatureNormMeanWrong>(const PredictionSums& sums) {
  return mean_of(sums, PredictionSums::kWrong, PredictionSums::kNorm);
}

template <>
double compute<FeatureNormStdWrong>(const PredictionSums& sums) {
  return std_of(sums, PredictionSums::kWrong, PredictionSums::kNorm);
}

template <>
double compute<MaxCosineMeanWrong>(const PredictionSums& sums) {
  return mean_of(sums, PredictionSums::kWrong, PredictionSums::kLargestCosine);
}

template <>
double compute<MaxCosineStdWrong>(const PredictionSums& sums) {
  return std_of(sums, PredictionSums::kWrong, PredictionSums::kLargestCosine);
}

template <>
double compute<OwnCosineMean>(const PredictionSums& sums) {
  check_features(sums);
  const double sum = sums.outcome(PredictionSums::kCorrect, PredictionSums::kOwnCosine) +
                     sums.outcome(PredictionSums::kWrong, PredictionSums::kOwnCosine);
  return sum / sums.total(PredictionSums::kSamples);
}

template <>
double compute<LogitMarginMean>(const PredictionSums& sums) {
  defined_if(sums.classes() > 1, "there is only one class");
  check_logits(sums);
  return sums.total(PredictionSums::kMargin) / sums.total(PredictionSums::kSamples);
}

}  // namespace statistics

namespace accumulators {

template <>
std::unique_ptr<Accumulator> make<Predictions>(const AccumulatorInputs& inputs) {
  return std::make_unique<PredictionSums>(inputs);
}

}  // namespace accumulators
}  // namespace headway
