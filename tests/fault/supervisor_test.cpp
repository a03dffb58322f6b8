// Supervisors and worker groups that die, hang and are interrupted, with a worker that sleeps
// instead of training (tests/support/fake_worker.cpp).
#include "runner/supervisor/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "base/signals.h"
#include "base/time.h"
#include "cluster/group_state.h"
#include "runner/sweep_pause.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::HasSubstr;

void sleep_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

template <typename Condition>
bool comes_true(const Condition& condition, double seconds = 20) {
  const double end = monotonic_seconds() + seconds;
  while (!condition()) {
    if (monotonic_seconds() > end) return false;
    sleep_a_little();
  }
  return true;
}

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override { behave("train", 20); }

  void plan(std::int64_t trials) { write_plan(sweep_, small_sweep(trials)); }

  static void behave(const std::string& behaviour, int trial_milliseconds) {
    ::setenv("FAKE_BEHAVIOUR", behaviour.c_str(), 1);
    ::setenv("FAKE_TRIAL_MS", std::to_string(trial_milliseconds).c_str(), 1);
  }

  SupervisorOptions options() const {
    return {.sweep_directory = sweep_,
            .group = {.worker = HEADWAY_FAKE_WORKER, .sweep_directory = sweep_, .group = ""},
            .gpus = {},
            .limits = group_limits(2, std::nullopt, std::nullopt),
            .time_limit_seconds = {}};
  }

  SupervisorEnd run(const SupervisorOptions& with) {
    ProgressDisplay display(messages_, {});
    return Supervisor(with, display).run();
  }
  SupervisorEnd run() { return run(options()); }

  /// A supervisor in a process of its own, which exits with its SupervisorEnd.
  pid_t start_supervisor() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(static_cast<int>(run()));
    return pid;
  }

  static int wait_status(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  SweepState state() const {
    SweepState now(sweep_);
    now.refresh();
    return now;
  }

  std::int64_t count(TrialState wanted) const {
    const SweepState now = state();
    std::int64_t found = 0;
    for (const auto& [trial_id, record] : now.trials()) found += record.state() == wanted;
    return found;
  }

  /// How often workers carried each trial through, by their own account.
  std::map<std::string, int> carried_through() const {
    std::map<std::string, int> counts;
    std::ifstream file(sweep_ / "carried_through.txt");
    for (std::string line; std::getline(file, line);) ++counts[line];
    return counts;
  }

  void expect_each_trial_done_once(std::int64_t trials) const {
    EXPECT_EQ(count(TrialState::kDone), trials);
    const auto counts = carried_through();
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(trials));
    for (const auto& [trial_id, times] : counts) EXPECT_EQ(times, 1) << trial_id;
  }

  const AttemptRecord& first_attempt(const SweepState& now) const {
    return now.trials().begin()->second.attempts.at(1);
  }

  TemporaryDirectory folder_;
  std::filesystem::path sweep_ = folder_.path() / "small";
  std::ostringstream messages_;
};

TEST_F(SupervisorTest, two_groups_carry_every_trial_through_once) {
  plan(8);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(8);
  EXPECT_TRUE(std::filesystem::exists(results_database(sweep_)));
  EXPECT_TRUE(std::filesystem::is_empty(sweep_ / "supervisors")) << "it takes its entry away";
}

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
  impatient.hang_seconds = 0.5;
  EXPECT_EQ(run(impatient), SupervisorEnd::kFinished);
  const SweepState now = state();
  EXPECT_EQ(now.trials().begin()->second.attempts.size(), 3U);
  EXPECT_EQ(first_attempt(now).failure, "hung");
  EXPECT_THAT(first_attempt(now).message, HasSubstr("while training, step 1"));
  const auto log = sweep_ / "logs" / (first_attempt(now).worker_group + ".log");
  EXPECT_THAT(read_text(log), HasSubstr("fake_worker: "));
}

TEST_F(SupervisorTest, after_everything_was_stopped_for_a_while_nothing_counts_as_hung) {
  plan(2);
  behave("train", 2000);
  SupervisorOptions impatient = options();
  impatient.hang_seconds = 2;
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

TEST_F(SupervisorTest, the_odd_trial_at_the_end_gets_a_group_of_two_ranks) {
  write_plan(sweep_, small_sweep(3, /*shards=*/2));
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
  behave("train", 3500);
  SupervisorOptions limited = options();
  limited.time_limit_seconds = 5.5;
  const double start = monotonic_seconds();
  EXPECT_EQ(run(limited), SupervisorEnd::kTimeLimit);
  EXPECT_LT(monotonic_seconds() - start, 5.5);
  EXPECT_EQ(count(TrialState::kDone), 2);
  EXPECT_EQ(count(TrialState::kPending), 2);
}

TEST_F(SupervisorTest, nothing_is_started_for_which_the_time_left_does_not_suffice) {
  plan(2);
  SupervisorOptions limited = options();
  limited.time_limit_seconds = 1.0;
  const double start = monotonic_seconds();
  EXPECT_EQ(run(limited), SupervisorEnd::kTimeLimit);
  EXPECT_LT(monotonic_seconds() - start, 0.9);
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
  forgive(*pausing_error(read_plan(sweep_), now), now, requests);
  behave("train", 20);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_EQ(count(TrialState::kDone), 8);
}

TEST_F(SupervisorTest, what_a_dying_rank_said_is_the_attempts_message) {
  plan(1);
  behave("last_words", 20);
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
  const std::string& trial_id = claims.front().trial_id;
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
  const TrialRecord& record = now.trial(claim.trial_id);
  EXPECT_EQ(record.state(), TrialState::kDone);
  EXPECT_EQ(record.attempts.at(1).state, "yielded");
  EXPECT_TRUE(record.failures().empty());
  EXPECT_NE(record.attempts.at(2).worker_group, record.attempts.at(1).worker_group);
}

TEST_F(SupervisorTest, a_worker_that_lost_its_claim_leaves_no_mark) {
  plan(1);
  behave("train", 1500);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 1; }));
  const std::string trial_id = state().trials().begin()->first;
  // Someone who thought the owner dead takes the trial over and finishes it.
  ASSERT_TRUE(try_claim(sweep_, trial_id, 2, {this_process(), "other", 1}));
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
