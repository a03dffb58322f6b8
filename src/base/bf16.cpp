#include "base/bf16.h"

#include "base/errors.h"

namespace headway {
namespace {

HEADWAY_KERNEL void round_all(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = rounded_to_bf16(values[i]);
}

HEADWAY_KERNEL void pack(const float* __restrict values,
                         std::uint16_t* __restrict packed,
                         std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) packed[i] = bf16_bits(values[i]);
}

HEADWAY_KERNEL void unpack(const std::uint16_t* __restrict packed,
                           float* __restrict values,
                           std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = from_bf16_bits(packed[i]);
}

HEADWAY_KERNEL void add_packed(const std::uint16_t* __restrict packed,
                               float* __restrict values,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = rounded_to_bf16(values[i] + from_bf16_bits(packed[i]));
  }
}

}  // namespace

void round_to_bf16(std::span<float> values) {
  round_all(values.data(), values.size());
}

void pack_bf16(std::span<const float> values, std::span<std::uint16_t> packed) {
  expects(values.size() == packed.size(), "pack_bf16: sizes");
  pack(values.data(), packed.data(), values.size());
}

void unpack_bf16(std::span<const std::uint16_t> packed, std::span<float> values) {
  expects(values.size() == packed.size(), "unpack_bf16: sizes");
  unpack(packed.data(), values.data(), values.size());
}

void add_packed_bf16(std::span<const std::uint16_t> packed, std::span<float> values) {
  expects(values.size() == packed.size(), "add_packed_bf16: sizes");
  add_packed(packed.data(), values.data(), values.size());
}

}  // namespace headway
