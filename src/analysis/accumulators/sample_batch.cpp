#include "analysis/accumulators/sample_batch.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/statistics/vector_set.h"
#include "base/errors.h"

namespace headway {
namespace {

at::Tensor on_cpu_as_double(const at::Tensor& tensor) {
  const c10::NoGradGuard no_grad;
  return tensor.to(at::TensorOptions(at::kCPU).dtype(at::kDouble)).contiguous();
}

}  // namespace

std::span<const double> row_of(const at::Tensor& matrix, std::int64_t row) {
  const auto width = static_cast<std::size_t>(matrix.size(1));
  return {matrix.const_data_ptr<double>() + static_cast<std::size_t>(row) * width, width};
}

SampleBatch::SampleBatch(EvaluatedBatch batch) : batch_(std::move(batch)) {
  const std::int64_t count = batch_.labels.numel();
  expects(batch_.class_vectors.dim() == 2, "class vectors are [K, D]");
  expects(batch_.features.sizes() == at::IntArrayRef({count, feature_size()}),
          "features are [B, D]");
  expects(batch_.logits.sizes() == at::IntArrayRef({count, classes()}), "logits are [B, K]");
  const at::Tensor labels =
      batch_.labels.to(at::TensorOptions(at::kCPU).dtype(at::kLong)).contiguous();
  const auto* first = labels.const_data_ptr<std::int64_t>();
  labels_.assign(first, first + count);
  expects(std::ranges::all_of(labels_, [&](auto label) { return label >= 0 && label < classes(); }),
          "labels are in [0, K)");
}

const at::Tensor& SampleBatch::features() const {
  if (!features_.defined()) features_ = on_cpu_as_double(batch_.features);
  return features_;
}

const at::Tensor& SampleBatch::logits() const {
  if (!logits_.defined()) logits_ = on_cpu_as_double(batch_.logits);
  return logits_;
}

const at::Tensor& SampleBatch::cosines() const {
  if (!cosines_.defined()) {
    const c10::NoGradGuard no_grad;
    cosines_ = unit_rows(features()).mm(unit_rows(on_cpu_as_double(batch_.class_vectors)).t());
  }
  return cosines_;
}

std::span<const double> SampleBatch::squared_norms() const {
  if (squared_norms_.empty()) {
    for (std::int64_t i = 0; i < size(); ++i) {
      const auto feature = row_of(features(), i);
      squared_norms_.push_back(
          std::inner_product(feature.begin(), feature.end(), feature.begin(), 0.0));
    }
  }
  return squared_norms_;
}

std::span<const LogitScore> SampleBatch::scores() const {
  if (scores_.empty()) {
    for (std::int64_t i = 0; i < size(); ++i) {
      scores_.push_back(score_logits(row_of(logits(), i), labels_[static_cast<std::size_t>(i)]));
    }
  }
  return scores_;
}

}  // namespace headway
