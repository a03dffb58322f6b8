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

  /// Features z [B, D] of `samples` -> [B, D], float32 when anything is dropped.
  at::Tensor apply(const at::Tensor& features,
                   std::span<const std::int32_t> samples,
                   std::int64_t epoch) const;

 private:
  double probability_;
  std::uint64_t seed_;
};

}  // namespace headway
