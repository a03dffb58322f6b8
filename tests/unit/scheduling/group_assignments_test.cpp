#include "scheduling/planning/group_assignments.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/sweep_layout.h"
#include "scheduling/claims/supervisors.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

const TrialId kOne = id_beginning("a");
const TrialId kOther = id_beginning("b");

class GroupAssignmentsTest : public testing::Test {
 protected:
  TemporaryDirectory sweep_;
  SupervisorPresence supervisor_{sweep_.path()};
  GroupAssignments offers_{.first = {{kOne, 2}, {kOther, 1}}, .width_of_others = 0};
};

TEST_F(GroupAssignmentsTest, a_group_reads_what_its_own_supervisor_published) {
  const SupervisorPresence other(sweep_.path());
  AssignmentFile board(sweep_.path(), supervisor_.id());
  board.publish(offers_);
  EXPECT_EQ(read_offers(sweep_.path(), supervisor_.group_name(3)), offers_);
  EXPECT_FALSE(read_offers(sweep_.path(), other.group_name(0)));
}

TEST_F(GroupAssignmentsTest, nothing_is_read_when_nothing_was_published) {
  EXPECT_FALSE(read_offers(sweep_.path(), supervisor_.group_name(0)));
}

TEST_F(GroupAssignmentsTest, the_latest_offers_count) {
  AssignmentFile board(sweep_.path(), supervisor_.id());
  board.publish(offers_);
  const GroupAssignments later{.first = {{kOther, 1}}};
  board.publish(later);
  EXPECT_EQ(read_offers(sweep_.path(), supervisor_.group_name(0)), later);
}

TEST_F(GroupAssignmentsTest, offers_go_with_their_supervisor) {
  { AssignmentFile(sweep_.path(), supervisor_.id()).publish(offers_); }
  EXPECT_FALSE(read_offers(sweep_.path(), supervisor_.group_name(0)));
}

TEST_F(GroupAssignmentsTest, a_file_that_a_crash_left_empty_offers_nothing) {
  replace_file(SweepLayout(sweep_.path()).group_assignments(supervisor_.id()), "");
  EXPECT_FALSE(read_offers(sweep_.path(), supervisor_.group_name(0)));
}

TEST(GroupAssignments, a_listed_trial_is_for_groups_of_the_planned_width_alone) {
  const GroupAssignments offers{.first = {{kOne, 2}}, .width_of_others = 1};
  EXPECT_TRUE(offers.is_for(2, kOne, {1, 4}));
  EXPECT_FALSE(offers.is_for(1, kOne, {1, 4}));
}

TEST(GroupAssignments, others_go_to_groups_of_the_width_that_suits_them) {
  const auto is_for = [](int width, const RankRange& ranks, int width_of_others) {
    return GroupAssignments{.width_of_others = width_of_others}.is_for(width, kOther, ranks);
  };
  EXPECT_TRUE(is_for(1, {1, 4}, 1));
  EXPECT_FALSE(is_for(2, {1, 4}, 1));
  EXPECT_TRUE(is_for(2, {1, 4}, 2));
  EXPECT_TRUE(is_for(1, {1, 1}, 2)) << "its shards allow no more";
  EXPECT_FALSE(is_for(1, {1, 2}, 2));
  EXPECT_TRUE(is_for(4, {4, 4}, 1)) << "it cannot do with less";
  EXPECT_FALSE(is_for(1, {4, 4}, 1));
  EXPECT_FALSE(is_for(1, {1, 1}, 0));
}

}  // namespace
}  // namespace headway
