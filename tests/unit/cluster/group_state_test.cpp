#include "cluster/local/group_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/files.h"
#include "base/process.h"
#include "base/signals.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int tries = 0; tries < 2000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

ChildProcess shell(const TemporaryDirectory& folder, const std::string& script) {
  return ChildProcess(
      {.program = {.command = {"sh", "-c", script}, .environment = {{"OMPI_COMM_WORLD_RANK", "3"}}},
       .log = folder.path() / "out.log"});
}

TEST(GroupState, it_names_rank_and_state_of_every_process) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "sleep 100 & wait");
  ASSERT_TRUE(comes_true([&] { return process_tree(child.pid()).size() == 2; }));
  ASSERT_TRUE(comes_true([&] { return group_state(child.pid())[1].name == "sleep"; }));
  const auto members = group_state(child.pid());
  EXPECT_EQ(members[0].pid, child.pid());
  EXPECT_EQ(members[0].rank, 3);
  EXPECT_EQ(members[0].name, "sh");
  EXPECT_THAT(members[1].describe(), HasSubstr("rank 3 (process"));
  EXPECT_FALSE(members[1].is_stopped());
  EXPECT_GT(members[1].memory.peak_bytes, 0);
}

TEST(GroupState, a_stopped_process_is_told_apart_and_continued_for_its_stack) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "sleep 100");
  ::kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(comes_true([&] { return group_state(child.pid())[0].is_stopped(); }));
  const auto members = group_state(child.pid());
  EXPECT_THAT(members[0].describe(), HasSubstr("T (stopped)"));
  EXPECT_FALSE(members[0].shows_stack);
  ask_for_stacks(members);
  EXPECT_TRUE(comes_true([&] { return !group_state(child.pid())[0].is_stopped(); }));
  EXPECT_FALSE(child.poll()) << "who knows no such signal is not sent it";
}

TEST(GroupState, who_handles_the_signal_is_asked) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  static int answer = pipe[1];
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(stack_trace_signal(),
             [](int) { [[maybe_unused]] const auto sent = ::write(answer, "here", 4); });
    for (;;) ::pause();
  }
  ASSERT_TRUE(comes_true([&] { return group_state(child)[0].shows_stack; }));
  ask_for_stacks(group_state(child));
  char text[4];
  EXPECT_EQ(::read(pipe[0], text, sizeof text), 4);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(GroupState, without_mpirun_a_rank_leads_itself) {
  EXPECT_EQ(group_leader(this_process()), this_process());
}

}  // namespace
}  // namespace headway
