#include "training/step/channels_last_copy.h"

#include <ATen/Parallel.h>

#include <cstdint>

#include "base/kernel.h"

namespace headway {
namespace {

/// [channels, pixels] -> [pixels, channels].
HEADWAY_KERNEL void transpose(const float* __restrict source,
                              float* __restrict target,
                              std::int64_t channels,
                              std::int64_t pixels) {
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::int64_t c = 0; c < channels; ++c) target[p * channels + c] = source[c * pixels + p];
  }
}

}  // namespace

void copy_to_channels_last(const at::Tensor& source, const at::Tensor& target) {
  if (!source.is_cpu() || source.scalar_type() != at::kFloat || !source.is_contiguous()) {
    target.copy_(source);
    return;
  }
  const std::int64_t channels = source.size(1);
  const std::int64_t pixels = source.size(2) * source.size(3);
  const auto* from = source.const_data_ptr<float>();
  auto* to = target.mutable_data_ptr<float>();
  at::parallel_for(0, source.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t o = first; o < last; ++o) {
      transpose(from + o * channels * pixels, to + o * channels * pixels, channels, pixels);
    }
  });
}

}  // namespace headway
