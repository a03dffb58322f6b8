#include "base/bf16.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "base/philox.h"

namespace headway {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float rounded(float value) {
  std::array<float, 1> values{value};
  round_to_bf16(values);
  return values[0];
}

TEST(Bfloat16, rounds_to_the_nearest_value_of_eight_bits_and_ties_to_even) {
  EXPECT_EQ(rounded(1.0F), 1.0F);
  EXPECT_EQ(rounded(1.0F + 1.0F / 256), 1.0F);               // half way: down to the even one
  EXPECT_EQ(rounded(1.0F + 3.0F / 256), 1.0F + 4.0F / 256);  // half way: up to the even one
  EXPECT_EQ(rounded(1.0F + 1.1F / 256), 1.0F + 2.0F / 256);
  EXPECT_EQ(rounded(-1.0F - 1.1F / 256), -1.0F - 2.0F / 256);
  EXPECT_EQ(rounded(std::ldexp(1.0F, -133)), std::ldexp(1.0F, -133));  // denormal
}

TEST(Bfloat16, keeps_what_is_not_finite_and_overflows_to_infinity) {
  EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(rounded(-std::numeric_limits<float>::signaling_NaN())));
  EXPECT_EQ(rounded(kInfinity), kInfinity);
  EXPECT_EQ(rounded(-std::numeric_limits<float>::max()), -kInfinity);
}

TEST(Bfloat16, packs_into_two_bytes_and_back_without_loss_and_adds_from_there) {
  RandomStream stream(3, "values");
  std::vector<float> values(1001);
  for (float& value : values) value = static_cast<float>(stream.normal());
  round_to_bf16(values);
  std::vector<std::uint16_t> packed(values.size());
  pack_bf16(values, packed);
  std::vector<float> unpacked(values.size());
  unpack_bf16(packed, unpacked);
  EXPECT_EQ(unpacked, values);
  add_packed_bf16(packed, unpacked);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(unpacked[i], 2 * values[i]);
}

}  // namespace
}  // namespace headway
