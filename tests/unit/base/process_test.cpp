#include "base/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/errors.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

ChildProcess shell(const TemporaryDirectory& folder, const std::string& script) {
  return ChildProcess(
      {.program = {.command = {"sh", "-c", script}, .environment = {{"GREETING", "good morning"}}},
       .log = folder.path() / "logs/out.log"});
}

ProcessEnd wait(ChildProcess& child) {
  for (;;) {
    if (const auto end = child.poll()) return *end;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void wait_for_file(const std::filesystem::path& path) {
  while (!std::filesystem::exists(path)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST(ChildProcess, its_exit_code_is_reported) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "exit 75");
  const ProcessEnd end = wait(child);
  EXPECT_EQ(end.exit_code, 75);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.describe(), "exit code 75");
}

TEST(ChildProcess, a_signal_is_reported_as_shells_do) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "kill -KILL $$");
  const ProcessEnd end = wait(child);
  EXPECT_EQ(end.exit_code, 137);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.describe(), "signal 9 (killed)");
}

TEST(ChildProcess, the_signal_that_ended_a_childs_child_is_told) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "sh -c 'kill -SEGV $$'; exit $?");
  const ProcessEnd end = wait(child);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.ending_signal(), SIGSEGV);
  EXPECT_EQ(end.describe(), "a process of it was ended by signal 11 (segmentation fault)");
}

TEST(ChildProcess, the_log_takes_both_outputs_and_is_appended_to) {
  const TemporaryDirectory folder;
  ChildProcess first = shell(folder, "echo $GREETING");
  wait(first);
  ChildProcess second = shell(folder, "echo and to you >&2");
  wait(second);
  EXPECT_EQ(text_of(folder.path() / "logs/out.log"), "good morning\nand to you\n");
}

TEST(ChildProcess, closing_the_lifeline_ends_its_standard_input) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "read line; exit 9");
  EXPECT_FALSE(child.poll());
  child.close_lifeline();
  EXPECT_EQ(wait(child).exit_code, 9);
}

TEST(ChildProcess, a_sibling_does_not_hold_the_lifeline) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "read line; exit 9");
  ChildProcess sibling = shell(folder, "sleep 100");
  child.close_lifeline();
  EXPECT_EQ(wait(child).exit_code, 9);
}

TEST(ChildProcess, it_is_asked_to_yield_by_signal) {
  const TemporaryDirectory folder;
  const auto ready = folder.path() / "ready";
  ChildProcess child = shell(
      folder, "trap 'exit 75' USR2; touch " + ready.string() + "; while :; do sleep 0.01; done");
  wait_for_file(ready);
  child.ask_to_yield();
  EXPECT_EQ(wait(child).exit_code, 75);
}

TEST(ChildProcess, grandchildren_in_other_process_groups_are_killed_too) {
  const TemporaryDirectory folder;
  const auto ready = folder.path() / "ready";
  ChildProcess child = shell(folder,
                             "setsid sh -c 'echo $$ > " + ready.string() + ".tmp; mv " +
                                 ready.string() + ".tmp " + ready.string() + "; sleep 100' & wait");
  wait_for_file(ready);
  const pid_t grandchild = std::stoi(text_of(ready));
  child.kill_tree();
  EXPECT_EQ(wait(child).signal, SIGKILL);
  for (int tries = 0; ::kill(grandchild, 0) == 0 && tries < 500; ++tries) {
    // An orphan that nobody has reaped yet is dead all the same.
    const std::string stat = text_of("/proc/" + std::to_string(grandchild) + "/stat");
    if (stat.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_NE(::kill(grandchild, 0), 0);
}

TEST(ChildProcess, it_runs_in_a_process_group_of_its_own) {
  const TemporaryDirectory folder;
  ChildProcess child = shell(folder, "sleep 100");
  EXPECT_EQ(::getpgid(child.pid()), child.pid());
}

TEST(ChildProcess, a_dropped_child_is_killed) {
  const TemporaryDirectory folder;
  pid_t pid = 0;
  {
    const ChildProcess child = shell(folder, "sleep 100");
    pid = child.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(ChildProcess, a_program_that_does_not_exist_is_named) {
  const TemporaryDirectory folder;
  try {
    const ChildProcess child(
        {.program = {.command = {"/no/such/program"}}, .log = folder.path() / "log"});
    FAIL() << "it started";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/program"), std::string::npos);
  }
}

}  // namespace
}  // namespace headway
