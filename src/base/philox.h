#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace headway {

/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a pure
/// function from a 128-bit counter and a 64-bit key to 128 random bits.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// One random stream, named by (seed, purpose, a, b): the same name gives the same numbers on every
/// machine and in any order of use. `purpose` is e.g. "order", "crop", "init"; a and b are what the
/// purpose needs, e.g. epoch and sample index.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed,
               std::string_view purpose,
               std::uint64_t a = 0,
               std::uint32_t b = 0);

  std::uint32_t next_uint32();
  /// The next numbers of the stream, as that many calls of next_uint32() give them, but faster.
  void fill(std::span<std::uint32_t> out);
  std::uint64_t next_uint64();
  /// Uniform in {0, ..., bound - 1}, without modulo bias. `bound` > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard normal, by Box-Muller.
  double normal();

 private:
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_normal_ = false;
  double spare_normal_ = 0;
};

}  // namespace headway
