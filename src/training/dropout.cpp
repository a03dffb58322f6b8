#include "training/dropout.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <vector>

#include "base/errors.h"
#include "base/philox.h"

namespace headway {

Dropout::Dropout(double probability, std::int64_t seed)
    : probability_(probability), seed_(static_cast<std::uint64_t>(seed)) {
  expects(probability >= 0 && probability < 1, "a dropout probability lies in [0, 1)");
}

at::Tensor Dropout::apply(const at::Tensor& features,
                          std::span<const std::int32_t> samples,
                          std::int64_t epoch) const {
  if (probability_ == 0) return features;
  const auto count = static_cast<std::int64_t>(samples.size());
  expects(features.dim() == 2 && features.size(0) == count, "features are [B, D]");
  const auto width = static_cast<std::size_t>(features.size(1));
  const auto kept = static_cast<float>(1 / (1 - probability_));
  const auto dropped_below = static_cast<std::uint64_t>(std::ldexp(probability_, 32));
  std::vector<std::uint32_t> numbers(width);
  const at::Tensor factors = at::empty({count, features.size(1)}, at::kFloat);
  auto* out = factors.mutable_data_ptr<float>();
  for (const std::int32_t sample : samples) {
    RandomStream(
        seed_, "dropout", static_cast<std::uint64_t>(epoch), static_cast<std::uint32_t>(sample))
        .fill(numbers);
    for (std::size_t i = 0; i < width; ++i) out[i] = numbers[i] < dropped_below ? 0.0F : kept;
    out += width;
  }
  return features.to(at::kFloat).mul(factors.to(features.device()));
}

}  // namespace headway
