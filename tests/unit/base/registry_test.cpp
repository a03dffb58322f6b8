#include "base/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

int one() {
  return 1;
}
int two() {
  return 2;
}

const Registry<int()>& table() {
  static const Registry<int()> instance{"number", {{"two", two}, {"one", one}}};
  return instance;
}

TEST(Registry, finds_by_name) {
  EXPECT_EQ(table().at("one")(), 1);
  EXPECT_EQ(table().at("two")(), 2);
}

TEST(Registry, names_are_sorted) {
  EXPECT_THAT(table().names(), ElementsAre("one", "two"));
}

std::string message_for(const char* name) {
  try {
    table().at(name);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Registry, unknown_name_gets_the_nearest_one) {
  EXPECT_EQ(message_for("tow"), "unknown number 'tow'; did you mean 'two'?");
}

TEST(Registry, unknown_name_lists_the_known_ones) {
  EXPECT_EQ(message_for("seventeen"), "unknown number 'seventeen'; known: one, two");
}

TEST(Registry, a_name_given_twice_is_our_bug) {
  EXPECT_THROW((Registry<int()>{"number", {{"one", one}, {"one", two}}}), std::logic_error);
}

}  // namespace
}  // namespace headway
