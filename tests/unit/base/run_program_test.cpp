#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/errors.h"
#include "base/process.h"
#include "base/time.h"

namespace headway {
namespace {

Program shell(const std::string& script) {
  return {.command = {"sh", "-c", script}};
}

TEST(RunCaptured, keeps_both_streams_apart_and_the_exit_code) {
  const CapturedRun run = run_captured(shell("echo out; echo err >&2; exit 3"), 10);
  EXPECT_EQ(run.out, "out\n");
  EXPECT_EQ(run.err, "err\n");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_FALSE(run.timed_out);
}

TEST(RunCaptured, takes_more_than_a_pipe_holds) {
  const CapturedRun run = run_captured(shell("head -c 300000 /dev/zero | tr '\\0' x"), 10);
  EXPECT_EQ(run.out.size(), 300000U);
}

TEST(RunCaptured, adds_to_the_environment_and_replaces_in_it) {
  Program program = shell("echo $HEADWAY_TEST_VALUE $HOME");
  program.environment = {{"HEADWAY_TEST_VALUE", "new"}, {"HOME", "/elsewhere"}};
  EXPECT_EQ(run_captured(program, 10).out, "new /elsewhere\n");
}

TEST(RunCaptured, leaves_variables_out_by_the_beginnings_of_their_names) {
  ::setenv("HEADWAY_TEST_RANK", "1", 1);
  Program program = shell("echo ${HEADWAY_TEST_RANK-none} ${HEADWAY_TEST_SIZE-none}");
  program.without = {"HEADWAY_TEST_"};
  program.environment = {{"HEADWAY_TEST_SIZE", "4"}};
  EXPECT_EQ(run_captured(program, 10).out, "none 4\n") << "what is set for it stays";
  ::unsetenv("HEADWAY_TEST_RANK");
}

TEST(RunCaptured, a_program_that_does_not_end_is_killed) {
  const double start = monotonic_seconds();
  const CapturedRun run = run_captured({.command = {"sleep", "60"}}, 0.1);
  EXPECT_TRUE(run.timed_out);
  EXPECT_EQ(run.exit_code, 128 + SIGKILL);
  EXPECT_LT(monotonic_seconds() - start, 10);
}

TEST(RunCaptured, a_program_that_does_not_exist_is_the_environments_fault) {
  EXPECT_THROW(run_captured({.command = {"no-such-program-at-all"}}, 1), EnvironmentError);
}

TEST(RunInForeground, passes_the_exit_code_on) {
  const ForegroundEnd end = run_in_foreground(shell("exit 75"));
  EXPECT_EQ(end.exit_code, 75);
  EXPECT_FALSE(end.interrupted);
}

TEST(RunInForeground, a_request_to_stop_reaches_the_program_which_may_end_in_order) {
  // The child asks its parent, this process, to stop, and ends when the request comes back.
  const ForegroundEnd end = run_in_foreground(
      shell("trap 'exit 75' TERM; kill -INT $PPID; while :; do sleep 0.01; done"));
  EXPECT_TRUE(end.interrupted);
  EXPECT_EQ(end.exit_code, 75);
}

TEST(RunInForeground, a_signal_that_is_ignored_stays_ignored) {
  ::signal(SIGHUP, SIG_IGN);  // as nohup does
  const ForegroundEnd end = run_in_foreground(shell("kill -HUP $PPID; kill -HUP $$; exit 5"));
  ::signal(SIGHUP, SIG_DFL);
  EXPECT_FALSE(end.interrupted);
  EXPECT_EQ(end.exit_code, 5);
}

TEST(RunInForeground, a_second_request_kills) {
  const ForegroundEnd end = run_in_foreground(
      shell("trap 'kill -INT $PPID' TERM; kill -INT $PPID; while :; do sleep 0.01; done"));
  EXPECT_EQ(end.exit_code, 128 + SIGKILL);
}

}  // namespace
}  // namespace headway
