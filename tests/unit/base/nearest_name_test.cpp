#include "base/nearest_name.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

const std::vector<std::string> kNames{"learning_rate", "weight_decay", "name", "norm"};

TEST(NearestName, forgives_missing_extra_wrong_and_swapped_letters) {
  for (const char* slip : {"learnin_rate", "learning_ratee", "learning_rata", "laerning_rate"}) {
    EXPECT_EQ(nearest_name(slip, kNames), "learning_rate") << slip;
  }
}

TEST(NearestName, a_swap_counts_one) {
  EXPECT_EQ(nearest_name("nrom", kNames), "norm");
}

TEST(NearestName, nothing_is_near_to_something_else) {
  EXPECT_EQ(nearest_name("momentum", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("x", {}), std::nullopt);
}

TEST(NearestName, the_first_of_equally_near_names_wins) {
  EXPECT_EQ(nearest_name("cat", {"bat", "car"}), "bat");
}

TEST(Suggestion, names_one_or_lists_all) {
  EXPECT_EQ(suggestion("nam", kNames), "; did you mean 'name'?");
  EXPECT_EQ(suggestion("x", {"alpha", "beta"}), "; known: alpha, beta");
  EXPECT_EQ(suggestion("x", {}), "");
}

}  // namespace
}  // namespace headway
