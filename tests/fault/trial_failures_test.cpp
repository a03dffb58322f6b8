// What becomes of trials whose groups die, hang, fail, or are told to stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/supervisor_fixture.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::HasSubstr;

TEST_F(SupervisorTest, a_group_that_is_killed_costs_one_attempt) {
  plan(3);
  behave("crash_once", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(3);
  const SweepState now = state();
  for (const auto& [trial_id, record] : now.trials()) {
    EXPECT_EQ(record.attempts.size(), 2U);
    EXPECT_EQ(record.attempts.at(1).failure, "crash");
    EXPECT_EQ(record.attempts.at(1).exit_code, 137);
    EXPECT_THAT(record.attempts.at(1).message, HasSubstr("signal 9"));
  }
}

TEST_F(SupervisorTest, a_trial_that_always_crashes_is_given_up) {
  plan(1);
  behave("crash", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_EQ(count(TrialState::kFailed), 1);
  EXPECT_EQ(state().trials().begin()->second.attempts.size(), 3U);
  EXPECT_THAT(messages_.str(), HasSubstr("given up"));
}

TEST_F(SupervisorTest, a_trial_that_reports_an_error_is_not_tried_again) {
  plan(2);
  behave("error", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_EQ(count(TrialState::kFailed), 2);
  const SweepState now = state();
  for (const auto& [trial_id, record] : now.trials()) EXPECT_EQ(record.attempts.size(), 1U);
}

TEST_F(SupervisorTest, a_group_that_beats_without_stepping_is_hung) {
  plan(1);
  behave("hang", 20);
  SupervisorOptions impatient = options();
  impatient.timeouts.hang_seconds = 0.5;
  EXPECT_EQ(run(impatient), SupervisorEnd::kFinished);
  const SweepState now = state();
  EXPECT_EQ(now.trials().begin()->second.attempts.size(), 3U);
  EXPECT_EQ(first_attempt(now).failure, "hung");
  EXPECT_THAT(first_attempt(now).message, HasSubstr("while training, step 1"));
  const auto log = sweep_ / "logs" / (first_attempt(now).worker_group + ".log");
  EXPECT_THAT(text_of(log), HasSubstr("fake_worker: "));
}

TEST_F(SupervisorTest, after_everything_was_stopped_for_a_while_nothing_counts_as_hung) {
  plan(2);
  behave("train", 2000);
  SupervisorOptions impatient = options();
  impatient.timeouts.hang_seconds = 2;
  const pid_t supervisor = ::fork();
  if (supervisor == 0) ::_exit(static_cast<int>(run(impatient)));
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  const auto claims = latest_claims(sweep_);
  const auto signal_all = [&](int signal) {
    ::kill(supervisor, signal);
    for (const ClaimView& claim : claims) send_signal(claim.owner.process, signal);
  };
  signal_all(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  signal_all(SIGCONT);
  EXPECT_EQ(wait_status(supervisor), 0);
  EXPECT_EQ(count(TrialState::kDone), 2);
  const SweepState now = state();
  for (const auto& [trial_id, record] : now.trials()) EXPECT_EQ(record.attempts.size(), 1U);
}

TEST_F(SupervisorTest, groups_that_cannot_start_stop_the_sweep_with_the_end_of_their_log) {
  plan(4);
  behave("no_start", 20);
  EXPECT_EQ(run(), SupervisorEnd::kBadStart);
  EXPECT_THAT(messages_.str(), HasSubstr("libtorch_cpu.so: cannot open shared object file"));
  EXPECT_TRUE(state().trials().empty());
}

TEST_F(SupervisorTest, the_same_error_in_the_first_three_trials_pauses_the_sweep) {
  plan(8);
  behave("error", 20);
  EXPECT_EQ(run(), SupervisorEnd::kPaused);
  EXPECT_THAT(messages_.str(), HasSubstr("no such data set"));
  EXPECT_THAT(messages_.str(), HasSubstr("headway why"));
  EXPECT_LT(count(TrialState::kFailed), 8);
  // As `headway run` does when it is told to go on.
  SegmentWriter requests(sweep_, "command");
  const SweepState now = state();
  reset_failures(*pausing_error(read_manifest(sweep_), now), now, requests);
  behave("train", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_EQ(count(TrialState::kDone), 8);
}

TEST_F(SupervisorTest, what_a_dying_rank_said_is_the_attempts_message) {
  plan(1);
  behave("crash_report", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  const SweepState now = state();
  EXPECT_EQ(first_attempt(now).failure, "oom");
  EXPECT_THAT(first_attempt(now).message, HasSubstr("not enough memory"));
}

TEST_F(SupervisorTest, a_cancelled_trial_ends_and_its_group_goes_on) {
  plan(2);
  behave("train", 2000);
  SupervisorOptions one_group = options();
  one_group.limits = group_limits(1, std::nullopt, std::nullopt);
  const pid_t supervisor = ::fork();
  if (supervisor == 0) ::_exit(static_cast<int>(run(one_group)));
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 1; }));
  const auto claims = latest_claims(sweep_);
  const TrialId& trial_id = claims.front().trial_id;
  SegmentWriter(sweep_, "command")
      .append({{"kind", "cancel_requested"}, {"trial_id", trial_id}}, Flush::kNow);
  ask_to_cancel(sweep_, trial_id, claims.front().attempt);
  EXPECT_EQ(wait_status(supervisor), 0);
  const SweepState now = state();
  EXPECT_EQ(now.trial(trial_id).state(), TrialState::kCancelled);
  EXPECT_EQ(count(TrialState::kDone), 1);
  EXPECT_EQ(carried_through().size(), 1U);
}

TEST_F(SupervisorTest, an_interrupted_trial_goes_on_in_another_group_uncounted) {
  plan(1);
  behave("train", 1500);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 1; }));
  const ClaimView claim = latest_claims(sweep_).front();
  ASSERT_TRUE(send_signal(group_leader(claim.owner.process), SIGUSR2));
  EXPECT_EQ(wait_status(supervisor), 0);
  const SweepState now = state();
  const TrialHistory& record = now.trial(claim.trial_id);
  EXPECT_EQ(record.state(), TrialState::kDone);
  EXPECT_EQ(record.attempts.at(1).state, "yielded");
  EXPECT_TRUE(record.failures().empty());
  EXPECT_NE(record.attempts.at(2).worker_group, record.attempts.at(1).worker_group);
}

}  // namespace
}  // namespace headway
