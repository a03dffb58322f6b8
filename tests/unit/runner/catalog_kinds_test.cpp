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

TEST(CatalogKinds, a_type_has_a_name_for_programs_and_one_for_people) {
  EXPECT_STREQ(names_of(OptionType::kNumberList).name, "number_list");
  EXPECT_STREQ(names_of(OptionType::kNumberList).text, "list of numbers");
  OptionSpec option;
  option.type = OptionType::kFlag;
  EXPECT_EQ(describe_range(option), "true or false");
}

}  // namespace
}  // namespace headway
