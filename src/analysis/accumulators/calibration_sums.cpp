#include "analysis/accumulators/calibration_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr std::size_t kBinSize = 3;  // count, confidence, correct

// The upper edges b / 15, which belong to their bins.
constexpr auto kEdges = [] {
  std::array<double, CalibrationSums::kBins> edges{};
  for (std::size_t b = 0; b < edges.size(); ++b) {
    edges[b] = static_cast<double>(b + 1) / static_cast<double>(edges.size());
  }
  return edges;
}();

struct Softmax {
  double confidence = 0;     // max_k p_k
  double squared_error = 0;  // sum over k of (p_k - [k = label])²
};

Softmax softmax_of(std::span<const double> logits, std::size_t label) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  Softmax result{.confidence = 1 / sum};
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const double error = std::exp(logits[k] - largest) / sum - (k == label ? 1 : 0);
    result.squared_error += error * error;
  }
  return result;
}

}  // namespace

std::size_t confidence_bin(double confidence) {
  const auto* const edge = std::ranges::lower_bound(kEdges, confidence);
  return std::min<std::size_t>(static_cast<std::size_t>(edge - kEdges.begin()), kEdges.size() - 1);
}

CalibrationSums::CalibrationSums(const AccumulatorInputs&)
    : Accumulator(kTotals + kBins * kBinSize) {}

void CalibrationSums::add(const SampleBatch& batch) {
  const std::span<double> sums = values();
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    const LogitScore& score = batch.scores()[row];
    sums[kSamples] += 1;
    if (!score.finite) {
      sums[kUnusable] += 1;
      continue;
    }
    const Softmax softmax =
        softmax_of(row_of(batch.logits(), i), static_cast<std::size_t>(batch.labels()[row]));
    sums[kNegativeLogLikelihood] += score.cross_entropy;
    sums[kBrier] += softmax.squared_error;
    double* bin = &sums[kTotals + confidence_bin(softmax.confidence) * kBinSize];
    bin[0] += 1;
    bin[1] += softmax.confidence;
    bin[2] += score.rank == 0 ? 1 : 0;
  }
}

Metrics CalibrationSums::metrics() const {
  return statistics::CalibrationStatistics::compute(*this);
}

double CalibrationSums::per_sample(double sum) const {
  const double samples = total(kSamples);
  const double unusable = total(kUnusable);
  defined_if(samples > 0, "the split has no samples");
  defined_if(unusable == 0,
             fmt::format("{} of {} samples have logits that are not finite", unusable, samples));
  return sum / samples;
}

CalibrationSums::Bin CalibrationSums::bin(std::size_t index) const {
  const double* bin = &values()[kTotals + index * kBinSize];
  return {.count = bin[0], .confidence = bin[1], .correct = bin[2]};
}

namespace statistics {

// Sum over bins of n_b / N |acc_b - conf_b|: with sums, |correct - confidence| / N. Empty bins
// count nothing.
template <>
double compute<Ece>(const CalibrationSums& sums) {
  double gaps = 0;
  for (std::size_t b = 0; b < CalibrationSums::kBins; ++b) {
    const CalibrationSums::Bin bin = sums.bin(b);
    gaps += std::abs(bin.correct - bin.confidence);
  }
  return sums.per_sample(gaps);
}

template <>
double compute<Mce>(const CalibrationSums& sums) {
  sums.per_sample(0);  // Undefined as the others are
  double largest = 0;
  for (std::size_t b = 0; b < CalibrationSums::kBins; ++b) {
    const CalibrationSums::Bin bin = sums.bin(b);
    if (bin.count == 0) continue;
    largest = std::max(largest, std::abs(bin.correct - bin.confidence) / bin.count);
  }
  return largest;
}

template <>
double compute<Nll>(const CalibrationSums& sums) {
  return sums.per_sample(sums.total(CalibrationSums::kNegativeLogLikelihood));
}

template <>
double compute<Brier>(const CalibrationSums& sums) {
  return sums.per_sample(sums.total(CalibrationSums::kBrier));
}

}  // namespace statistics

namespace accumulators {

template <>
std::unique_ptr<Accumulator> make<Calibration>(const AccumulatorInputs& inputs) {
  return std::make_unique<CalibrationSums>(inputs);
}

}  // namespace accumulators
}  // namespace headway
