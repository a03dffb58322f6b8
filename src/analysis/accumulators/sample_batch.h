#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/accumulators/logit_score.h"

namespace headway {

/// What one evaluated batch yields: features [B, D] and logits [B, K] of any floating dtype, labels
/// [B] int64 in [0, K), class_vectors [K, D]; on any device.
struct EvaluatedBatch {
  at::Tensor features;
  at::Tensor logits;
  at::Tensor labels;
  at::Tensor class_vectors = {};
};

/// One evaluated batch as the accumulators of a pass read it: in double, on the CPU. What several
/// of them need is computed once, for the first that asks.
class SampleBatch {
 public:
  /// std::logic_error when shapes or labels are not as EvaluatedBatch has them.
  explicit SampleBatch(EvaluatedBatch batch);

  std::int64_t size() const { return static_cast<std::int64_t>(labels_.size()); }
  std::int64_t classes() const { return batch_.class_vectors.size(0); }
  std::int64_t feature_size() const { return batch_.class_vectors.size(1); }
  /// As the model gave it, on its device.
  const EvaluatedBatch& raw() const { return batch_; }
  std::span<const std::int64_t> labels() const { return labels_; }

  const at::Tensor& features() const;             // [B, D]
  const at::Tensor& logits() const;               // [B, K]
  const at::Tensor& cosines() const;              // [B, K], of features and class vectors
  std::span<const double> squared_norms() const;  // [B] ‖z‖²
  std::span<const LogitScore> scores() const;     // [B]

 private:
  EvaluatedBatch batch_;
  std::vector<std::int64_t> labels_;
  mutable at::Tensor features_;
  mutable at::Tensor logits_;
  mutable at::Tensor cosines_;
  mutable std::vector<double> squared_norms_;
  mutable std::vector<LogitScore> scores_;
};

/// Row `row` of a contiguous matrix [N, M] of doubles on the CPU.
std::span<const double> row_of(const at::Tensor& matrix, std::int64_t row);

}  // namespace headway
