#include "base/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace headway {
namespace {

class Signals : public testing::Test {
 protected:
  void SetUp() override {
    pid_ = ::fork();
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  void TearDown() override {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid_ = -1;
};

TEST(SignalTexts, they_say_number_and_meaning) {
  EXPECT_EQ(describe_signal(SIGSEGV), "signal 11 (segmentation fault)");
  EXPECT_EQ(describe_signal(SIGKILL), "signal 9 (killed)");
}

TEST(IgnoredSignals, are_told_from_others) {
  EXPECT_FALSE(is_ignored(SIGHUP));
  ::signal(SIGHUP, SIG_IGN);
  EXPECT_TRUE(is_ignored(SIGHUP));
  ::signal(SIGHUP, SIG_DFL);
}

TEST_F(Signals, one_reaches_the_process_that_is_meant) {
  const auto child = process_numbered(pid_);
  ASSERT_TRUE(child);
  EXPECT_TRUE(send_signal(*child, SIGTERM));
  int status = 0;
  ::waitpid(pid_, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_FALSE(send_signal(*child, SIGTERM)) << "it is gone";
}

TEST_F(Signals, a_later_process_with_the_same_number_is_left_alone) {
  auto earlier = *process_numbered(pid_);
  earlier.start_ticks -= 1;
  EXPECT_FALSE(send_signal(earlier, SIGKILL));
  EXPECT_EQ(::waitpid(pid_, nullptr, WNOHANG), 0) << "it lives";
}

TEST_F(Signals, processes_of_other_machines_are_out_of_reach) {
  auto elsewhere = *process_numbered(pid_);
  elsewhere.machine = "another-boot/1";
  EXPECT_FALSE(send_signal(elsewhere, SIGKILL));
  EXPECT_EQ(::waitpid(pid_, nullptr, WNOHANG), 0);
}

TEST_F(Signals, a_process_knows_who_started_it) {
  EXPECT_EQ(parent_of(*process_numbered(pid_)), this_process());
  auto elsewhere = *process_numbered(pid_);
  elsewhere.machine = "another-boot/1";
  EXPECT_FALSE(parent_of(elsewhere));
}

}  // namespace
}  // namespace headway
