#pragma once

#include <cstdint>
#include <string_view>

namespace headway {

/// The numbers that tests/fixtures/models/make_model_fixtures.py gives to weights, images and
/// labels instead of storing them. Element i of the tensor called `name`; 64 pseudo-random bits.
inline std::uint64_t reference_bits(std::string_view name, std::uint64_t i) {
  std::uint64_t x = 0xcbf29ce484222325ULL;  // FNV-1a of the name
  for (const char c : name) x = (x ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  x += i * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;  // SplitMix64
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Uniform in [centre - spread, centre + spread).
inline float reference_value(std::string_view name, std::uint64_t i, double centre, double spread) {
  const double upper = static_cast<double>(reference_bits(name, i) >> 40);
  return static_cast<float>(centre + spread * (upper / 0x1.0p23 - 1));
}

}  // namespace headway
