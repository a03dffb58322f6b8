#include "base/philox.h"

#include <cmath>
#include <numbers>

#include "base/errors.h"
#include "base/kernel.h"

namespace headway {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;

// FNV-1a: a purpose's name becomes part of the key, so streams never depend on an enum's order.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// SplitMix64's finaliser: spreads seed and purpose over the whole key.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr const char* kExhausted = "a random stream is exhausted (2^34 numbers)";
constexpr std::size_t kLanes = 16;
constexpr std::size_t kChunk = 4 * kLanes;  // numbers

/// philox4x32 of `kLanes` successive counters, side by side: 32-bit words in 64-bit lanes, which
/// compilers turn into vector multiplications. As many numbers as `kChunk`.
HEADWAY_KERNEL void philox_chunk(const std::array<std::uint32_t, 4>& counter,
                                 std::array<std::uint32_t, 2> key,
                                 std::uint32_t* out) {
  constexpr std::uint64_t kLow = 0xffffffff;
  std::uint64_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    c0[i] = (counter[0] + i) & kLow;
    c1[i] = counter[1];
    c2[i] = counter[2];
    c3[i] = counter[3];
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t product0 =
          std::uint64_t{kMultiplier0} * static_cast<std::uint32_t>(c0[i]);
      const std::uint64_t product1 =
          std::uint64_t{kMultiplier1} * static_cast<std::uint32_t>(c2[i]);
      c0[i] = (product1 >> 32) ^ c1[i] ^ key[0];
      c1[i] = product1 & kLow;
      c2[i] = (product0 >> 32) ^ c3[i] ^ key[1];
      c3[i] = product0 & kLow;
    }
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  for (std::size_t i = 0; i < kLanes; ++i, out += 4) {
    out[0] = static_cast<std::uint32_t>(c0[i]);
    out[1] = static_cast<std::uint32_t>(c1[i]);
    out[2] = static_cast<std::uint32_t>(c2[i]);
    out[3] = static_cast<std::uint32_t>(c3[i]);
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed,
                           std::string_view purpose,
                           std::uint64_t a,
                           std::uint32_t b) {
  const std::uint64_t key = mix(seed + 0x9e3779b97f4a7c15ULL) ^ mix(hash_name(purpose));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  counter_ = {0, b, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32)};
}

void RandomStream::refill() {
  block_ = philox4x32(counter_, key_);
  ++counter_[0];
  expects(counter_[0] != 0, kExhausted);
  used_ = 0;
}

std::uint32_t RandomStream::next_uint32() {
  if (used_ == 4) refill();
  return block_[static_cast<std::size_t>(used_++)];
}

void RandomStream::fill(std::span<std::uint32_t> out) {
  std::size_t done = 0;
  for (; done < out.size() && used_ < 4; ++done) out[done] = next_uint32();
  for (; done + kChunk <= out.size(); done += kChunk) {
    expects(counter_[0] < UINT32_MAX - kLanes, kExhausted);
    philox_chunk(counter_, key_, &out[done]);
    counter_[0] += kLanes;
  }
  for (; done < out.size(); ++done) out[done] = next_uint32();
}

std::uint64_t RandomStream::next_uint64() {
  const std::uint64_t low = next_uint32();
  return low | (std::uint64_t{next_uint32()} << 32);
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  expects(bound > 0, "RandomStream::below(0)");
  const std::uint64_t limit = bound * (UINT64_MAX / bound);  // rejects the uneven tail
  std::uint64_t value = next_uint64();
  while (value >= limit) value = next_uint64();
  return value % bound;
}

double RandomStream::uniform() {
  return static_cast<double>(next_uint64() >> 11) * 0x1.0p-53;
}

double RandomStream::normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_normal_ = true;
  return radius * std::cos(angle);
}

}  // namespace headway
