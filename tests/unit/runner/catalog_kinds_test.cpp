#include "runner/cli/catalog_kinds.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(CatalogKinds, a_range_shows_which_of_its_ends_belong_to_it) {
  OptionSpec option;
  option.limits.minimum = 0;
  option.limits.maximum = 1;
  EXPECT_EQ(describe_range(option), "number in [0, 1]");
  option.limits.exclude_maximum = true;
  EXPECT_EQ(describe_range(option), "number in [0, 1)");
  option.limits.exclude_minimum = true;
  EXPECT_EQ(describe_range(option), "number in (0, 1)");
  option.limits.maximum.reset();
  EXPECT_EQ(describe_range(option), "number > 0");
  option.limits = {.maximum = 1};
  EXPECT_EQ(describe_range(option), "number <= 1");
  option.limits = {.choices = {"a", "b"}};
  EXPECT_EQ(describe_range(option), "one of a, b");
}

}  // namespace
}  // namespace headway
