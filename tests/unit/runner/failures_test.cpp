// why, cancel, interrupt and retry on records of every kind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "cluster/local/process_settings.h"
#include "config/schema/json_writer.h"
#include "runner/cli/verb.h"
#include "scheduling/claims/claims.h"
#include "scheduling/claims/supervisors.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Failures : public testing::Test {
 protected:
  void SetUp() override { write_manifest(sweep(), small_sweep(4, 2)); }

  static TrialId id(std::int64_t seed) { return small_trial(seed, 2).trial_id; }
  fs::path sweep() const { return directory_.path() / "small"; }

  void attempt(std::int64_t seed,
               int number,
               const std::string& state,
               const std::string& failure = "",
               const std::string& message = "") {
    writer_.append({{"kind", "attempt_started"},
                    {"trial_id", id(seed)},
                    {"attempt", number},
                    {"group", "node7-1a2b-0"},
                    {"host", "node7"},
                    {"device", "cpu"},
                    {"world_size", 1},
                    {"resumed_from_step", 0}},
                   Flush::kLater);
    if (state == "running") return;
    writer_.append({{"kind", "attempt_finished"},
                    {"trial_id", id(seed)},
                    {"attempt", number},
                    {"state", state},
                    {"failure", failure},
                    {"message", message},
                    {"duration_s", 3.5}},
                   Flush::kLater);
  }

  void claim(std::int64_t seed, int number, const ProcessIdentity& process) {
    auto held = try_claim(sweep(), id(seed), number, {process, GroupName("node7-1a2b-0"), 1});
    ASSERT_TRUE(held);
    held->beat({.epoch = 2, .epochs = 3, .step = 17, .total_steps = 30, .phase = "training"});
  }

  TrialHistory record(std::int64_t seed) const {
    SweepState state(sweep());
    state.refresh();
    return state.trial(id(seed));
  }

  struct Outcome {
    int exit_code = 0;
    std::string out;
    std::string err;
  };
  Outcome headway(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    VerbContext context{.out = out, .err = err, .results_root = directory_.path()};
    const int exit_code = run_program(arguments, context);
    return {exit_code, out.str(), err.str()};
  }
  nlohmann::json json_of(const std::vector<std::string>& arguments) {
    return nlohmann::json::parse(headway(arguments).out);
  }

  TemporaryDirectory directory_;
  SegmentWriter writer_{sweep(), "worker"};
};

ProcessIdentity elsewhere() {
  ProcessIdentity far = this_process();
  far.host = "node7";
  far.machine = "another-boot/1";
  return far;
}

TEST_F(Failures, why_tells_every_attempt_and_what_the_rules_make_of_it) {
  attempt(0, 1, "failed", "crash", "bad cast; see logs/node7-1a2b-0.log");
  attempt(0, 2, "yielded", "preempted", "  ");  // says nothing
  attempt(0, 3, "failed", "crash", "bad cast again");
  attempt(0, 4, "failed", "crash", "and once more");
  const std::string text = headway({"why", id(0).text().substr(0, 6), "small"}).out;
  for (const char* part : {"failed",
                           "crash 3 times",
                           "tried again 2 times",
                           "preempted",
                           "bad cast again",
                           "node7-1a2b-0",
                           "3.5s",
                           "headway retry",
                           "headway run"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  const auto story = json_of({"why", id(0), "--json"});
  EXPECT_EQ(story.at("state"), "failed");
  EXPECT_EQ(story.at("attempts").size(), 4U);
  EXPECT_EQ(story.at("tried_again"), false);
  EXPECT_EQ(story.at("next").size(), 2U);
}

TEST_F(Failures, why_shows_the_end_of_the_logs) {
  attempt(0, 1, "failed", "crash", "signal 11 (segmentation fault)");
  fs::create_directories(sweep() / "logs");
  std::ofstream(sweep() / "logs" / "node7-1a2b-0.log") << "libfoo.so: no such file\n";
  const fs::path folder = SweepLayout(sweep()).artifacts(id(0));
  fs::create_directories(folder);
  std::ofstream(folder / "log.txt") << "first step done\n";
  const std::string text = headway({"why", id(0)}).out;
  EXPECT_THAT(text, HasSubstr("libfoo.so: no such file"));
  EXPECT_THAT(text, HasSubstr("first step done"));
}

TEST_F(Failures, why_of_a_waiting_trial_says_what_it_waits_for) {
  EXPECT_THAT(headway({"why", id(1)}).out, HasSubstr("no `headway run` works on this sweep"));
  const SupervisorPresence supervisor(sweep());
  EXPECT_THAT(headway({"why", id(1)}).out, HasSubstr("waits for its turn"));
  auto wide = try_claim(sweep(), id(0), 1, {this_process(), supervisor.group_name(0), 4});
  EXPECT_THAT(headway({"why", id(1)}).out, HasSubstr("no group at work fits its width"));
}

TEST_F(Failures, why_of_a_held_trial_names_group_host_and_heartbeat) {
  claim(1, 1, elsewhere());
  const std::string text = headway({"why", id(1)}).out;
  EXPECT_THAT(text, HasSubstr("claimed by group 'node7-1a2b-0' on host 'node7'"));
  EXPECT_THAT(text, HasSubstr("last heartbeat"));
  EXPECT_THAT(text, HasSubstr("headway interrupt"));
  EXPECT_EQ(json_of({"why", id(1), "--json"}).at("held_by").at("step"), 17);
}

TEST_F(Failures, why_says_that_the_sweep_is_paused) {
  for (std::int64_t seed = 0; seed < 3; ++seed) attempt(seed, 1, "failed", "error", "no data");
  EXPECT_THAT(headway({"why", id(3)}).out, HasSubstr("the sweep is paused"));
  EXPECT_THAT(headway({"why", id(3)}).out, HasSubstr("no data"));
}

TEST_F(Failures, why_of_a_trial_that_left_the_plan_says_so) {
  write_manifest(sweep(), small_sweep(1, 2));
  EXPECT_THAT(headway({"why", id(3)}).out, HasSubstr("no longer in the sweep's plan"));
}

TEST_F(Failures, why_of_a_done_trial_points_to_its_record) {
  attempt(0, 1, "done");
  EXPECT_THAT(headway({"why", id(0)}).out, HasSubstr("headway show"));
  EXPECT_EQ(headway({"why", "ffffffffffff"}).exit_code, kExitUsage);
}

TEST_F(Failures, a_pending_trial_is_cancelled_for_good_until_it_is_retried) {
  EXPECT_EQ(headway({"cancel", id(1), "small"}).exit_code, kExitDone);
  EXPECT_EQ(record(1).state(), TrialState::kCancelled);
  EXPECT_THAT(headway({"why", id(1)}).out, HasSubstr("someone cancelled it"));
  EXPECT_EQ(headway({"cancel", id(1)}).exit_code, kExitNothingToDo);
  EXPECT_EQ(headway({"retry", "small", id(1)}).exit_code, kExitDone);
  EXPECT_EQ(record(1).state(), TrialState::kPending);
}

TEST_F(Failures, a_running_trial_is_told_that_it_is_cancelled) {
  attempt(1, 1, "running");
  const auto held = try_claim(sweep(), id(1), 1, {this_process(), GroupName("g-1-0"), 1});
  EXPECT_FALSE(held->cancel_asked());
  const Outcome outcome = headway({"cancel", id(1)});
  EXPECT_THAT(outcome.err, HasSubstr("at the next step"));
  EXPECT_TRUE(held->cancel_asked());
}

TEST_F(Failures, cancel_all_leaves_settled_trials_alone) {
  attempt(0, 1, "done");
  attempt(1, 1, "failed", "diverged", "nan");
  const auto json = json_of({"cancel", "--all", "small", "--json"});
  EXPECT_EQ(json.at("cancelled").size(), 2U);
  EXPECT_EQ(record(0).state(), TrialState::kDone);
  EXPECT_EQ(record(1).state(), TrialState::kFailed);
  EXPECT_EQ(record(3).state(), TrialState::kCancelled);
  EXPECT_EQ(headway({"cancel", "--all", "small"}).exit_code, kExitNothingToDo);
}

TEST_F(Failures, a_verb_on_trials_needs_one_or_all) {
  EXPECT_EQ(headway({"cancel"}).exit_code, kExitUsage);
  EXPECT_EQ(headway({"interrupt"}).exit_code, kExitUsage);
  EXPECT_EQ(headway({"interrupt", id(0), "small", "--all"}).exit_code, kExitUsage);
}

TEST_F(Failures, interrupting_what_does_not_run_is_nothing_to_do) {
  const Outcome outcome = headway({"interrupt", id(0)});
  EXPECT_EQ(outcome.exit_code, kExitNothingToDo);
  EXPECT_THAT(outcome.err, HasSubstr("no group works on trial " + id(0).text()));
}

TEST_F(Failures, a_trial_held_on_another_host_is_interrupted_there) {
  claim(1, 1, elsewhere());
  const Outcome outcome = headway({"interrupt", id(1)});
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_THAT(outcome.err, HasSubstr("it runs on host 'node7'; interrupt it there"));
}

/// A process that is called as workers are, and waits for a signal.
class NamedLikeWorker {
 public:
  NamedLikeWorker(const fs::path& sweep, const std::string& group) {
    const GroupSettings settings{.sweep_directory = sweep.string(), .group = group};
    const std::string text = section_to_json(settings).dump();
    expects(::pipe2(pipe_, O_CLOEXEC) == 0, "a pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(pipe_[0], STDIN_FILENO);
      ::execl("/bin/sh", "sh", "-c", "read line", "worker", "serve", text.c_str(), nullptr);
      ::_exit(127);
    }
    while (!group_settings_of(pid_)) ::usleep(1000);
  }
  ~NamedLikeWorker() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  ProcessIdentity identity() const { return *process_numbered(pid_); }
  bool is_alive() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
  int wait_for_signal() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST_F(Failures, interrupt_signals_the_very_process_that_trains) {
  const NamedLikeWorker worker(sweep(), "node7-1a2b-0");
  ProcessIdentity earlier = worker.identity();
  earlier.start_ticks -= 1;
  claim(0, 1, earlier);
  EXPECT_EQ(headway({"interrupt", id(0)}).exit_code, kExitFailed) << "a reused process number";
  EXPECT_TRUE(worker.is_alive());
  claim(0, 2, worker.identity());
  const auto json = json_of({"interrupt", "--all", "small", "--json"});
  ASSERT_EQ(json.at("groups").at(0).at("interrupted"), true);
  EXPECT_EQ(worker.wait_for_signal(), SIGUSR2);
}

TEST_F(Failures, interrupt_leaves_a_process_alone_that_is_no_worker_of_the_sweep) {
  const NamedLikeWorker of_another_group(sweep(), "node7-1a2b-1");
  claim(0, 1, of_another_group.identity());
  EXPECT_EQ(headway({"interrupt", id(0)}).exit_code, kExitFailed);
  EXPECT_TRUE(of_another_group.is_alive());
  const NamedLikeWorker of_another_sweep(directory_.path(), "node7-1a2b-0");
  claim(0, 2, of_another_sweep.identity());
  EXPECT_EQ(headway({"interrupt", id(0)}).exit_code, kExitFailed);
  EXPECT_TRUE(of_another_sweep.is_alive());
}

class RetryOfClass : public Failures, public testing::WithParamInterface<const char*> {};

TEST_P(RetryOfClass, forgives_what_was_given_up) {
  const std::string failure = GetParam();
  for (int number = 1; number <= 3; ++number) attempt(0, number, "failed", failure, "x");
  ASSERT_EQ(trial_status(record(0)), TrialStatus::kFailedForGood);
  EXPECT_EQ(headway({"retry", "small", id(0)}).exit_code, kExitDone);
  EXPECT_EQ(trial_status(record(0)), TrialStatus::kOpen);
  EXPECT_EQ(record(0).state(), TrialState::kPending);
}

INSTANTIATE_TEST_SUITE_P(Classes,
                         RetryOfClass,
                         testing::Values("oom", "diverged", "crash", "hung", "error"),
                         [](const auto& param) { return std::string(param.param); });

class NeverGivenUp : public Failures, public testing::WithParamInterface<const char*> {};

TEST_P(NeverGivenUp, so_there_is_nothing_to_retry) {
  for (int number = 1; number <= 9; ++number) attempt(0, number, "failed", GetParam(), "x");
  EXPECT_EQ(trial_status(record(0)), TrialStatus::kOpen);
  EXPECT_EQ(headway({"retry", "small", id(0)}).exit_code, kExitNothingToDo);
}

INSTANTIATE_TEST_SUITE_P(Classes,
                         NeverGivenUp,
                         testing::Values("preempted", "node_failure"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace headway
