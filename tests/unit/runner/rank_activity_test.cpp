#include "runner/supervisor/rank_activity.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

MemberState rank(int number, std::uint64_t worked_nanoseconds) {
  return {.pid = 100 + number,
          .name = "headway-worker",
          .rank = number,
          .state = "R (running)",
          .worked_nanoseconds = worked_nanoseconds};
}

const MemberState kMpirun{.pid = 99, .name = "mpirun", .state = "S (sleeping)"};

TEST(RankActivity, a_rank_that_stands_still_counts_while_others_spin_waiting_for_it) {
  RankActivity activity;
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 10), rank(1, 20)}, 2, 1), 1);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 11), rank(1, 21)}, 2, 2), 2);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 12), rank(1, 21)}, 2, 3), 2);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 13), rank(1, 21)}, 2, 90), 2);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 13), rank(1, 22)}, 2, 91), 90)
      << "now the other one stands";
}

TEST(RankActivity, mpirun_is_no_rank) {
  RankActivity activity;
  EXPECT_EQ(activity.worked_until({kMpirun}, 2, 1), std::nullopt);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 10)}, 2, 2), std::nullopt);
  EXPECT_EQ(activity.worked_until({kMpirun, rank(0, 10), rank(1, 10)}, 2, 3), 3);
}

TEST(RankActivity, the_only_process_of_a_group_of_one_rank_has_no_number) {
  MemberState only = rank(0, 10);
  only.rank.reset();
  RankActivity activity;
  EXPECT_EQ(activity.worked_until({only}, 1, 1), 1);
  EXPECT_EQ(activity.worked_until({only}, 1, 5), 1);
  EXPECT_EQ(activity.worked_until({}, 1, 6), std::nullopt);
}

}  // namespace
}  // namespace headway
