#include "runner/supervisor/group_schedule.h"

#include <gtest/gtest.h>

#include "scheduling/claims/supervisors.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

class GroupScheduleTest : public testing::Test {
 protected:
  /// A supervisor's first look at a sweep of equal trials.
  void plan(std::int64_t trials, std::int64_t shards, const GroupLimits& limits) {
    write_manifest(folder_.path(), small_sweep(trials, shards));
    snapshot_.emplace(folder_.path());
    reports_.emplace(folder_.path(), "supervisor");
    schedule_.emplace(folder_.path(), supervisor_.id(), limits);
    look();
  }

  void look() {
    snapshot_->refresh(*reports_);
    schedule_->plan(*snapshot_, own_);
    schedule_->publish(*snapshot_);
  }

  /// Starts what the schedule says, as the supervisor does.
  void start() {
    for (const int width : schedule_->widths_to_start()) {
      own_.push_back({supervisor_.group_name(static_cast<int>(own_.size())), width});
    }
    look();
  }

  /// The group claims its trial and shows how far it is.
  void work(std::size_t group, const TrialId& trial_id, std::int64_t step) {
    claims_.push_back(*try_claim(folder_.path(),
                                 trial_id,
                                 1,
                                 {this_process(), GroupName(own_[group].name), own_[group].width}));
    claims_.back().beat({.step = step, .total_steps = 100, .phase = "training"});
    look();
  }

  GroupAssignments assignments() {
    return read_offers(folder_.path(), supervisor_.group_name(0)).value();
  }

  const TrialId& id(std::size_t index) const { return snapshot_->plan().trials[index].trial_id; }

  TemporaryDirectory folder_;
  SupervisorPresence supervisor_{folder_.path()};
  std::optional<SweepSnapshot> snapshot_;
  std::optional<SegmentWriter> reports_;
  std::optional<GroupSchedule> schedule_;
  std::vector<OwnGroup> own_;
  std::vector<Claim> claims_;
};

TEST_F(GroupScheduleTest, plenty_of_trials_are_offered_to_single_ranks_longest_first) {
  plan(200, 4, {.slots = 2});
  EXPECT_EQ(schedule_->widths_to_start(), (std::vector<int>{1, 1}));
  start();
  EXPECT_TRUE(schedule_->widths_to_start().empty());
  const GroupAssignments assigned = assignments();
  EXPECT_EQ(assigned.first.front(), (GroupAssignments::Offer{id(0), 1}));
  EXPECT_LT(assigned.first.size(), 200U) << "the rest is not listed one by one";
  EXPECT_EQ(assigned.width_of_others, 1);
}

TEST_F(GroupScheduleTest, single_ranks_leave_the_last_trial_to_a_wide_group) {
  plan(3, 2, {.slots = 2});
  start();
  work(0, id(0), 50);
  work(1, id(1), 48);
  EXPECT_EQ(assignments().first, (std::vector<GroupAssignments::Offer>{{id(2), 2}}));
  EXPECT_EQ(assignments().width_of_others, 0);
  EXPECT_TRUE(schedule_->widths_to_start().empty());
}

TEST_F(GroupScheduleTest, a_trial_that_a_crash_gave_back_is_planned_again) {
  plan(1, 1, {.slots = 2});
  start();
  ASSERT_EQ(own_.size(), 1U);
  work(0, id(0), 10);
  EXPECT_TRUE(assignments().first.empty());
  reports_->append({{"kind", "attempt_finished"},
                    {"trial_id", id(0)},
                    {"attempt", 1},
                    {"state", "failed"},
                    {"failure", "crash"}},
                   Flush::kNow);
  own_.clear();
  look();
  EXPECT_EQ(schedule_->widths_to_start(), (std::vector<int>{1}));
}

TEST_F(GroupScheduleTest, a_trial_that_did_not_fit_on_two_ranks_is_planned_on_one) {
  plan(1, 2, {.slots = 2});
  EXPECT_EQ(schedule_->widths_to_start(), (std::vector<int>{2}));
  reports_->append({{"kind", "attempt_started"},
                    {"trial_id", id(0)},
                    {"attempt", 1},
                    {"device", "cpu"},
                    {"world_size", 2}},
                   Flush::kNow);
  reports_->append({{"kind", "attempt_finished"},
                    {"trial_id", id(0)},
                    {"attempt", 1},
                    {"state", "failed"},
                    {"failure", "oom"}},
                   Flush::kNow);
  look();
  EXPECT_EQ(schedule_->widths_to_start(), (std::vector<int>{1}));
}

TEST_F(GroupScheduleTest, a_width_that_the_user_set_holds_for_all_trials) {
  plan(300, 4, {.slots = 4, .ranks = 2});
  EXPECT_EQ(schedule_->widths_to_start(), (std::vector<int>{2, 2}));
  EXPECT_EQ(assignments().first.front().width, 2);
  EXPECT_EQ(assignments().width_of_others, 2);
}

TEST_F(GroupScheduleTest, the_time_left_shrinks_as_trials_come_forward) {
  plan(2, 1, {.slots = 2});
  start();
  work(0, id(0), 10);
  const double before = schedule_->remaining_seconds().value();
  claims_[0].beat({.step = 90, .total_steps = 100, .phase = "training"});
  work(1, id(1), 80);
  EXPECT_LT(schedule_->remaining_seconds().value(), before);
}

TEST(GroupLimits, who_asks_for_more_than_fits_gets_it) {
  EXPECT_EQ(group_limits(2, std::nullopt, std::nullopt).slots, 2);
  EXPECT_EQ(group_limits(2, 2, 3).slots, 6);
  EXPECT_EQ(group_limits(1, 4, std::nullopt).slots, 4);
  EXPECT_EQ(group_limits(0, std::nullopt, std::nullopt).slots, 1);
}

}  // namespace
}  // namespace headway
