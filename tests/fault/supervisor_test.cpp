// Supervisors that die, are interrupted, share a sweep and run out of time.
#include <gtest/gtest.h>

#include <set>

#include "store/sql/results_store.h"
#include "support/supervisor_fixture.h"

namespace headway {
namespace {

TEST_F(SupervisorTest, two_groups_carry_every_trial_through_once) {
  plan(8);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(8);
  EXPECT_TRUE(std::filesystem::exists(results_database(sweep_)));
  EXPECT_TRUE(std::filesystem::is_empty(sweep_ / "supervisors")) << "it takes its entry away";
}

TEST_F(SupervisorTest, when_the_supervisor_is_killed_its_groups_leave_and_another_goes_on) {
  plan(4);
  behave("train", 2000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  const auto claims = latest_claims(sweep_);
  ASSERT_EQ(claims.size(), 2U);
  ::kill(supervisor, SIGKILL);
  wait_status(supervisor);
  for (const ClaimView& claim : claims) {
    EXPECT_TRUE(comes_true([&] { return liveness(claim.owner.process) == Liveness::kDead; }));
  }
  EXPECT_EQ(count(TrialState::kPending), 2) << "they yielded";
  behave("train", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(4);
}

TEST_F(SupervisorTest, when_everything_is_killed_at_once_another_supervisor_goes_on) {
  plan(3);
  behave("train", 5000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  const auto claims = latest_claims(sweep_);
  for (const ClaimView& claim : claims)
    ::kill(static_cast<pid_t>(claim.owner.process.pid), SIGSTOP);
  ::kill(supervisor, SIGKILL);
  for (const ClaimView& claim : claims)
    ::kill(static_cast<pid_t>(claim.owner.process.pid), SIGKILL);
  wait_status(supervisor);
  for (const ClaimView& claim : claims) {
    ASSERT_TRUE(comes_true([&] { return liveness(claim.owner.process) == Liveness::kDead; }));
  }
  behave("train", 20);
  const double start = monotonic_seconds();
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_LT(monotonic_seconds() - start, 10) << "dead owners on this machine are not waited for";
  expect_each_trial_done_once(3);
  EXPECT_EQ(state().trial(claims[0].trial_id).attempts.at(1).failure, "node_failure");
}

TEST_F(SupervisorTest, two_supervisors_share_a_sweep) {
  plan(20);
  behave("train", 50);
  const pid_t first = start_supervisor();
  const pid_t second = start_supervisor();
  EXPECT_EQ(wait_status(first), 0);
  EXPECT_EQ(wait_status(second), 0);
  expect_each_trial_done_once(20);
}

TEST_F(SupervisorTest, of_two_runs_that_plan_different_trials_each_serves_its_own_and_ends) {
  plan(6);
  behave("train", 400);
  const pid_t first = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  Sweep other = small_sweep(0);
  other.trials = {small_trial(20), small_trial(21)};
  write_manifest(sweep_, other);
  const pid_t second = start_supervisor();
  EXPECT_EQ(WEXITSTATUS(wait_status(first)), static_cast<int>(SupervisorEnd::kReplaced));
  EXPECT_EQ(WEXITSTATUS(wait_status(second)), static_cast<int>(SupervisorEnd::kFinished));
  for (const Trial& trial : other.trials) {
    EXPECT_EQ(state().trial(trial.trial_id).state(), TrialState::kDone);
  }
  EXPECT_GE(carried_through().size(), 4U) << "trials that ran when they left are carried through";
  EXPECT_LT(carried_through().size(), 8U) << "those that waited are left out";
}

TEST_F(SupervisorTest, the_odd_trial_at_the_end_gets_a_group_of_two_ranks) {
  write_manifest(sweep_, small_sweep(3, /*shards=*/2));
  behave("train", 600);
  ::setenv("FAKE_DURATION_S", "100", 1);  // or the start of another group would not pay
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  ::unsetenv("FAKE_DURATION_S");
  expect_each_trial_done_once(3);
  std::multiset<std::int64_t> widths;
  const SweepState now = state();
  for (const auto& [trial_id, record] : now.trials()) {
    widths.insert(record.last_attempt()->world_size.value());
  }
  EXPECT_EQ(widths, (std::multiset<std::int64_t>{1, 1, 2}));
}

TEST_F(SupervisorTest, ctrl_c_lets_running_trials_yield) {
  plan(4);
  behave("train", 3000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  ::kill(supervisor, SIGINT);
  const int status = wait_status(supervisor);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(SupervisorEnd::kInterrupted));
  EXPECT_EQ(count(TrialState::kRunning), 0);
  EXPECT_EQ(first_attempt(state()).state, "yielded");
  behave("train", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(4);
}

TEST_F(SupervisorTest, a_second_signal_kills_groups_that_do_not_listen) {
  plan(1);
  behave("hang", 20);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 1; }));
  ::kill(supervisor, SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(::waitpid(supervisor, nullptr, WNOHANG), 0) << "it waits for the group";
  ::kill(supervisor, SIGTERM);
  EXPECT_EQ(WEXITSTATUS(wait_status(supervisor)), static_cast<int>(SupervisorEnd::kYielded));
  EXPECT_EQ(first_attempt(state()).failure, "preempted");
}

// The stand-in worker knows no limit, so this is the supervisor's own last call.
TEST_F(SupervisorTest, the_time_limit_stops_in_order) {
  plan(4);
  behave("train", 6000);  // the second two are broken off
  SupervisorOptions limited = options();
  limited.timeouts.time_limit_seconds = 10;
  const double start = monotonic_seconds();
  EXPECT_EQ(run(limited), SupervisorEnd::kTimeLimit);
  EXPECT_LT(monotonic_seconds() - start, 10);
  EXPECT_EQ(count(TrialState::kDone), 2);
  EXPECT_EQ(count(TrialState::kPending), 2);
}

TEST_F(SupervisorTest, nothing_is_started_for_which_the_time_left_does_not_suffice) {
  plan(2);
  SupervisorOptions limited = options();
  limited.timeouts.time_limit_seconds = 1.0;
  const double start = monotonic_seconds();
  EXPECT_EQ(run(limited), SupervisorEnd::kTooShort);
  EXPECT_LT(monotonic_seconds() - start, 0.9);
  EXPECT_THAT(messages_.str(), testing::HasSubstr("in which no trial can be started"));
  EXPECT_TRUE(state().trials().empty());
}

TEST_F(SupervisorTest, a_worker_that_lost_its_claim_leaves_no_mark) {
  plan(1);
  behave("train", 1500);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 1; }));
  const TrialId trial_id = state().trials().begin()->first;
  // Someone who thought the owner dead takes the trial over and finishes it.
  ASSERT_TRUE(try_claim(sweep_, trial_id, 2, {this_process(), GroupName("other"), 1}));
  SegmentWriter other(sweep_, "worker");
  other.append({{"kind", "attempt_started"}, {"trial_id", trial_id}, {"attempt", 2}}, Flush::kNow);
  other.append({{"kind", "attempt_finished"},
                {"trial_id", trial_id},
                {"attempt", 2},
                {"state", "done"},
                {"failure", ""}},
               Flush::kNow);
  EXPECT_EQ(wait_status(supervisor), 0);
  EXPECT_TRUE(carried_through().empty());
  EXPECT_EQ(count(TrialState::kDone), 1);
}

}  // namespace
}  // namespace headway
