#include "training/step/dropout.h"

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

at::Tensor Dropout::factors(std::span<const std::int32_t> samples,
                            std::int64_t feature_size,
                            std::int64_t epoch) const {
  if (probability_ == 0) return {};
  const auto kept = static_cast<float>(1 / (1 - probability_));
  const auto dropped_below = static_cast<std::uint64_t>(std::ldexp(probability_, 32));
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(feature_size));
  at::Tensor factors =
      at::empty({static_cast<std::int64_t>(samples.size()), feature_size}, at::kFloat);
  auto* out = factors.mutable_data_ptr<float>();
  for (const std::int32_t sample : samples) {
    RandomStream(
        seed_, "dropout", static_cast<std::uint64_t>(epoch), static_cast<std::uint32_t>(sample))
        .fill(numbers);
    for (const std::uint32_t number : numbers) *out++ = number < dropped_below ? 0.0F : kept;
  }
  return factors;
}

at::Tensor apply_dropout(const at::Tensor& features, const at::Tensor& factors) {
  return factors.defined() ? features.to(at::kFloat).mul(factors) : features;
}

}  // namespace headway
