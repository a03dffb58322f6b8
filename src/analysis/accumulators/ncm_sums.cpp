#include "analysis/accumulators/ncm_sums.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <limits>

#include "analysis/statistics/measure.h"
#include "base/errors.h"

namespace headway {
namespace {

at::TensorOptions cpu(at::ScalarType type) {
  return at::TensorOptions(at::kCPU).dtype(type);
}

double share(const NcmSums& sums, NcmSums::Total which) {
  const double samples = sums.total(NcmSums::kSamples);
  const double unusable = sums.total(NcmSums::kUnusable);
  defined_if(samples > 0, "the split has no samples");
  defined_if(
      unusable == 0,
      fmt::format(
          "{} of {} samples have features or logits that are not finite", unusable, samples));
  defined_if(sums.has_means(), "the train split has no class means");
  return sums.total(which) / samples;
}

}  // namespace

NcmSums::NcmSums(const at::Tensor& train_class_means) {
  const c10::NoGradGuard no_grad;
  expects(train_class_means.dim() == 2, "class means are [K, D]");
  means_ = train_class_means.to(cpu(at::kDouble));
  const at::Tensor without_mean = means_.isfinite().all(1).logical_not();
  means_ = means_.masked_fill(without_mean.unsqueeze(1), 0);
  half_squares_ = means_.square().sum(1).div(2).masked_fill(
      without_mean, std::numeric_limits<double>::infinity());
}

bool NcmSums::has_means() const {
  return half_squares_.isfinite().any().item<bool>();
}

// argmin ‖z - μ‖² = argmax z·μ - ‖μ‖²/2; argmax takes the first of equals.
at::Tensor NcmSums::nearest_classes(const at::Tensor& features) const {
  return at::argmax(features.mm(means_.t()) - half_squares_, 1);
}

void NcmSums::add(const at::Tensor& features, const at::Tensor& logits, const at::Tensor& labels) {
  const c10::NoGradGuard no_grad;
  const std::int64_t count = labels.numel();
  expects(features.sizes() == at::IntArrayRef({count, means_.size(1)}), "features are [B, D]");
  expects(logits.sizes() == at::IntArrayRef({count, means_.size(0)}), "logits are [B, K]");
  if (count == 0) return;
  const at::Tensor z = features.to(cpu(at::kDouble));
  const at::Tensor scores = logits.to(cpu(at::kDouble));
  const at::Tensor nearest = nearest_classes(z);
  const at::Tensor usable = z.isfinite().all(1).logical_and(scores.isfinite().all(1));
  values_[kSamples] += static_cast<double>(count);
  values_[kUnusable] += usable.logical_not().sum().item<double>();
  values_[kAgreements] += nearest.eq(at::argmax(scores, 1)).sum().item<double>();
  values_[kCorrect] += nearest.eq(labels.to(cpu(at::kLong))).sum().item<double>();
}

Metrics ncm_metrics(const NcmSums& sums) {
  return {
      measure("nc4_ncm_agreement", [&] { return share(sums, NcmSums::kAgreements); }),
      measure("ncm_accuracy", [&] { return share(sums, NcmSums::kCorrect); }),
  };
}

}  // namespace headway
