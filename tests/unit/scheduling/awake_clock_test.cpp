#include "scheduling/claims/awake_clock.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(AwakeClock, it_counts_as_time_passes) {
  double now = 100;
  AwakeClock clock([&] { return now; });
  now += 0.75;
  EXPECT_DOUBLE_EQ(clock.seconds(), 0.75);
  now += 0.5;
  EXPECT_DOUBLE_EQ(clock.seconds(), 1.25);
}

TEST(AwakeClock, time_in_which_its_owner_was_stopped_hardly_counts) {
  double now = 100;
  AwakeClock clock([&] { return now; });
  now += 3600;
  EXPECT_DOUBLE_EQ(clock.seconds(), AwakeClock::kLongestGapSeconds);
  now += 1;
  EXPECT_DOUBLE_EQ(clock.seconds(), AwakeClock::kLongestGapSeconds + 1);
}

}  // namespace
}  // namespace headway
