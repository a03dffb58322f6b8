#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace headway {

/// Dropout on features, in training: an entry becomes 0 with the given probability, the others are
/// multiplied by 1 / (1 - probability), so that evaluation needs no change. Which entries depends
/// on (seed, epoch, sample index, entry) alone, never on a sample's place in a batch or on the
/// rank.
///
/// Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR
/// 2014.
class Dropout {
 public:
  /// `probability` in [0, 1); 0 leaves features as they are.
  Dropout(double probability, std::int64_t seed);

  /// What the features [B, D] of `samples` are multiplied by: float32 [B, D], on the CPU; undefined
  /// when nothing is dropped.
  at::Tensor factors(std::span<const std::int32_t> samples,
                     std::int64_t feature_size,
                     std::int64_t epoch) const;

 private:
  double probability_;
  std::uint64_t seed_;
};

/// Features z [B, D] times `factors`, in float32; `features` themselves when these are undefined.
at::Tensor apply_dropout(const at::Tensor& features, const at::Tensor& factors);

}  // namespace headway
