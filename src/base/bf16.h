#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "base/kernel.h"

namespace headway {

HEADWAY_INLINE std::uint16_t bf16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);  // to nearest, ties to even
  return value == value ? static_cast<std::uint16_t>(rounded >> 16) : std::uint16_t{0x7fc0};
}

HEADWAY_INLINE float from_bf16_bits(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

HEADWAY_INLINE float rounded_to_bf16(float value) {
  return from_bf16_bits(bf16_bits(value));
}

/// Rounds to the nearest bfloat16, ties to even; NaN stays NaN, too large becomes infinite.
void round_to_bf16(std::span<float> values);

// Between representable float32 values and two bytes each. Sizes must be equal.
void pack_bf16(std::span<const float> values, std::span<std::uint16_t> packed);
void unpack_bf16(std::span<const std::uint16_t> packed, std::span<float> values);
/// values[i] = bf16(values[i] + packed[i]).
void add_packed_bf16(std::span<const std::uint16_t> packed, std::span<float> values);

}  // namespace headway
