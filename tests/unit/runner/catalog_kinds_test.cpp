#include "runner/cli/catalog_kinds.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(CatalogKinds, a_range_shows_which_of_its_ends_belong_to_it) {
  OptionSpec option;
  option.minimum = 0;
  option.maximum = 1;
  EXPECT_EQ(describe_range(option), "number in [0, 1]");
  option.exclude_maximum = true;
  EXPECT_EQ(describe_range(option), "number in [0, 1)");
  option.exclude_minimum = true;
  EXPECT_EQ(describe_range(option), "number in (0, 1)");
  option.maximum.reset();
  EXPECT_EQ(describe_range(option), "number > 0");
}

}  // namespace
}  // namespace headway
