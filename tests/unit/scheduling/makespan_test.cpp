#include "scheduling/planning/makespan.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(MakespanLowerBound, many_trials_are_bound_by_their_work) {
  EXPECT_DOUBLE_EQ(makespan_lower_bound({{3}, {3}, {3}, {1}}, 2), 5);
  EXPECT_DOUBLE_EQ(makespan_lower_bound({}, 4), 0);
}

TEST(MakespanLowerBound, a_long_trial_bounds_it_by_the_ranks_that_it_can_use) {
  EXPECT_DOUBLE_EQ(makespan_lower_bound({{12, 1}, {1}}, 4), 12);
  EXPECT_DOUBLE_EQ(makespan_lower_bound({{12, 2}, {1}}, 4), 6);
  EXPECT_DOUBLE_EQ(makespan_lower_bound({{12, 8}}, 4), 3) << "no more ranks than slots";
}

}  // namespace
}  // namespace headway
