#include "analysis/accumulators/ncm_sums.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <limits>

#include "analysis/statistics/statistics.h"
#include "base/errors.h"

namespace headway {

NcmSums::NcmSums(const AccumulatorInputs& inputs) : Accumulator(kTotals) {
  const c10::NoGradGuard no_grad;
  const at::Tensor& train_means = inputs.train.class_means;
  expects(train_means.defined(), "nearest class means need a pass over the training images");
  expects(train_means.sizes() == inputs.class_vectors.sizes(), "class means are [K, D]");
  means_ = train_means.to(at::TensorOptions(at::kCPU).dtype(at::kDouble));
  const at::Tensor without_mean = means_.isfinite().all(1).logical_not();
  means_ = means_.masked_fill(without_mean.unsqueeze(1), 0);
  half_squares_ = means_.square().sum(1).div(2).masked_fill(
      without_mean, std::numeric_limits<double>::infinity());
}

void NcmSums::add(const SampleBatch& batch) {
  if (batch.size() == 0) return;
  const c10::NoGradGuard no_grad;
  const at::Tensor& z = batch.features();
  const at::Tensor& scores = batch.logits();
  // argmin ‖z - μ‖² = argmax z·μ - ‖μ‖²/2; argmax takes the first of equals.
  const at::Tensor nearest = at::argmax(z.mm(means_.t()) - half_squares_, 1);
  const at::Tensor usable = z.isfinite().all(1).logical_and(scores.isfinite().all(1));
  const std::span<double> sums = values();
  sums[kSamples] += static_cast<double>(batch.size());
  sums[kUnusable] += usable.logical_not().sum().item<double>();
  sums[kAgreements] += nearest.eq(at::argmax(scores, 1)).sum().item<double>();
  sums[kCorrect] +=
      nearest
          .eq(at::tensor(c10::ArrayRef<std::int64_t>(batch.labels().data(), batch.labels().size())))
          .sum()
          .item<double>();
}

Metrics NcmSums::metrics() const {
  return statistics::NcmStatistics::compute(*this);
}

double NcmSums::share(Total which) const {
  const double samples = values()[kSamples];
  const double unusable = values()[kUnusable];
  defined_if(samples > 0, "the split has no samples");
  defined_if(
      unusable == 0,
      fmt::format(
          "{} of {} samples have features or logits that are not finite", unusable, samples));
  defined_if(half_squares_.isfinite().any().item<bool>(), "the train split has no class means");
  return values()[which] / samples;
}

namespace statistics {

template <>
double compute<Nc4NcmAgreement>(const NcmSums& sums) {
  return sums.share(NcmSums::kAgreements);
}

template <>
double compute<NcmAccuracy>(const NcmSums& sums) {
  return sums.share(NcmSums::kCorrect);
}

}  // namespace statistics

namespace accumulators {

template <>
std::unique_ptr<Accumulator> make<NearestMean>(const AccumulatorInputs& inputs) {
  return std::make_unique<NcmSums>(inputs);
}

}  // namespace accumulators
}  // namespace headway
