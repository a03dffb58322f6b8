#include "base/philox.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace headway {
namespace {

using Block = std::array<std::uint32_t, 4>;

// Known answers of the authors' library (Random123, tests/kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, agrees_with_the_known_answers_of_random123) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<std::uint32_t> first_numbers(RandomStream stream) {
  std::vector<std::uint32_t> numbers;
  for (int i = 0; i < 9; ++i) numbers.push_back(stream.next_uint32());
  return numbers;
}

TEST(RandomStream, the_same_name_gives_the_same_numbers) {
  EXPECT_EQ(first_numbers({7, "order", 3, 2}), first_numbers({7, "order", 3, 2}));
}

TEST(RandomStream, each_part_of_the_name_counts) {
  std::set<std::vector<std::uint32_t>> streams{first_numbers({7, "order", 3, 2}),
                                               first_numbers({8, "order", 3, 2}),
                                               first_numbers({7, "crop", 3, 2}),
                                               first_numbers({7, "order", 4, 2}),
                                               first_numbers({7, "order", 3ULL << 32, 2}),
                                               first_numbers({7, "order", 3, 1})};
  EXPECT_EQ(streams.size(), 6);
}

TEST(RandomStream, filling_gives_the_numbers_of_single_calls_and_loses_none) {
  RandomStream single(7, "fill");
  RandomStream filled(7, "fill");
  for (const std::size_t count : {3U, 0U, 1U, 9U, 64U, 4U, 2U, 200U, 1U}) {
    std::vector<std::uint32_t> numbers(count);
    filled.fill(numbers);
    for (const std::uint32_t number : numbers) EXPECT_EQ(number, single.next_uint32());
    EXPECT_EQ(filled.next_uint32(), single.next_uint32());
  }
}

TEST(RandomStream, sixty_four_bits_are_two_words_low_first) {
  RandomStream words(1, "x");
  RandomStream pairs(1, "x");
  const std::uint64_t low = words.next_uint32();
  const std::uint64_t high = words.next_uint32();
  EXPECT_EQ(pairs.next_uint64(), low | high << 32);
}

TEST(RandomStream, below_is_even_for_a_bound_that_is_no_power_of_two) {
  RandomStream stream(3, "below");
  std::array<int, 7> counts{};
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.below(7));
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - kDraws / 7.0, 2) / (kDraws / 7.0);
  EXPECT_LT(chi_square, 27.9);  // 6 degrees of freedom, p = 1e-4
}

TEST(RandomStream, below_one_is_zero_and_large_bounds_are_kept) {
  RandomStream stream(3, "below");
  EXPECT_EQ(stream.below(1), 0);
  const std::uint64_t bound = (1ULL << 63) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(stream.below(bound), bound);
  EXPECT_THROW(stream.below(0), std::logic_error);
}

TEST(RandomStream, uniform_lies_in_the_half_open_interval_with_the_right_moments) {
  RandomStream stream(4, "uniform");
  constexpr int kDraws = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(RandomStream, normal_has_the_moments_of_the_standard_normal) {
  RandomStream stream(5, "normal");
  constexpr int kDraws = 200000;
  std::array<double, 5> moments{};
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    for (std::size_t k = 1; k < moments.size(); ++k) {
      moments[k] += std::pow(x, static_cast<double>(k)) / kDraws;
    }
  }
  // Five standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
  EXPECT_NEAR(moments[1], 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(moments[2], 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(moments[3], 0, 5 * std::sqrt(15.0 / kDraws));
  EXPECT_NEAR(moments[4], 3, 5 * std::sqrt(96.0 / kDraws));
}

}  // namespace
}  // namespace headway
