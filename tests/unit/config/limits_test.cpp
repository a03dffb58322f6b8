#include "config/schema/limits.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(Limits, are_told_with_every_end_that_they_have) {
  EXPECT_EQ(expectation("a number", {}), "a number");
  EXPECT_EQ(expectation("a number", kAtLeastZero), "a number >= 0");
  EXPECT_EQ(expectation("a number", kPositive), "a number > 0");
  EXPECT_EQ(expectation("a number", kFraction), "a number in [0, 1)");
  EXPECT_EQ(expectation("a number", {.maximum = 1}), "a number <= 1");
  EXPECT_EQ(expectation("an integer", {.maximum = 8, .exclude_maximum = true}), "an integer < 8");
  EXPECT_EQ(expectation("an integer", {.minimum = 1, .power_of_two = true}), "a power of two >= 1");
  EXPECT_EQ(expectation("an integer", kRankCount), "a power of two in [1, 1024]");
  EXPECT_EQ(expectation("an integer", kCount), "an integer in [1, 1000000000]");
}

TEST(Limits, hold_for_values_within_them) {
  EXPECT_TRUE(within(0.0, kAtLeastZero));
  EXPECT_FALSE(within(0.0, kPositive));
  EXPECT_FALSE(within(1.0, kFraction));
  EXPECT_TRUE(within(1.0, {.maximum = 1}));
  EXPECT_FALSE(within(1.5, {.maximum = 1}));
  EXPECT_FALSE(within(std::int64_t{8}, {.maximum = 8, .exclude_maximum = true}));
  EXPECT_FALSE(within(std::int64_t{6}, {.minimum = 1, .power_of_two = true}));
}

TEST(Limits, tell_a_text_by_its_choices) {
  const Limits limits{.choices = {"none", "learned"}};
  EXPECT_TRUE(limits.has_choices());
  EXPECT_FALSE(Limits{}.has_choices());
  EXPECT_TRUE(is_choice("learned", limits));
  EXPECT_FALSE(is_choice("", limits));
  EXPECT_EQ(choices_of(limits), (std::vector<std::string>{"none", "learned"}));
}

}  // namespace
}  // namespace headway
