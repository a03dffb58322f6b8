#pragma once

#include <bit>
#include <cstdint>

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

}  // namespace headway
