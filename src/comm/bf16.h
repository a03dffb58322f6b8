#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace headway {

/// Rounds to the nearest bfloat16, ties to even; NaN stays NaN, too large becomes infinite.
void round_to_bf16(std::span<float> values);

// Between representable float32 values and two bytes each. Sizes must be equal.
void pack_bf16(std::span<const float> values, std::span<std::uint16_t> packed);
void unpack_bf16(std::span<const std::uint16_t> packed, std::span<float> values);
/// values[i] = bf16(values[i] + packed[i]).
void add_packed_bf16(std::span<const std::uint16_t> packed, std::span<float> values);

}  // namespace headway
