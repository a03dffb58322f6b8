#include "cluster/local/local_launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::HasSubstr;

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int tries = 0; tries < 5000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// Groups whose worker is a shell script.
class LocalLauncher : public testing::Test {
 protected:
  GroupSpec group(const std::string& name, const std::string& script) {
    const auto program = folder_.path() / (name + ".sh");
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return {.worker = program,
            .settings = {.sweep_directory = folder_.path().string(), .group = name}};
  }

  std::string log(const std::string& name) const {
    const auto file = SweepLayout(folder_.path()).group_log(GroupName(name));
    return std::filesystem::exists(file) ? text_of(file) : "";
  }

  TemporaryDirectory folder_;
};

TEST_F(LocalLauncher, a_group_is_alive_until_it_tells_how_it_ended) {
  const auto launcher = make_local_launcher();
  const auto group = launcher->start(this->group("first", "cat >/dev/null; exit 75"));
  EXPECT_FALSE(group->poll());
  ASSERT_FALSE(group->members().empty());
  group->ask_to_yield();  // its lifeline ends
  ASSERT_TRUE(comes_true([&] { return group->poll().has_value(); }));
}

TEST_F(LocalLauncher, a_killed_group_ends_by_that_signal) {
  const auto launcher = make_local_launcher();
  const auto group = launcher->start(this->group("first", "sleep 100"));
  group->kill();
  ASSERT_TRUE(comes_true([&] { return group->poll().has_value(); }));
  EXPECT_EQ(group->poll()->ending_signal(), SIGKILL);
}

TEST_F(LocalLauncher, gpus_go_to_one_group_at_a_time_and_come_back) {
  const auto launcher = make_local_launcher({.device = "cuda", .hosts = {{"here", 2, {4, 5}}}});
  const std::string script = "echo \"sees $CUDA_VISIBLE_DEVICES\"; sleep 100";
  auto first = launcher->start(group("first", script));
  const auto second = launcher->start(group("second", script));
  EXPECT_TRUE(comes_true([&] { return log("first") == "sees 4\n"; })) << log("first");
  EXPECT_TRUE(comes_true([&] { return log("second") == "sees 5\n"; })) << log("second");
  first.reset();
  const auto third = launcher->start(group("third", script));
  EXPECT_TRUE(comes_true([&] { return log("third") == "sees 4\n"; })) << log("third");
}

TEST_F(LocalLauncher, gpus_of_a_group_that_cannot_start_come_back_too) {
  const auto launcher = make_local_launcher({.device = "cuda", .hosts = {{"here", 2, {4}}}});
  GroupSpec broken = group("broken", "");
  broken.worker = "/no/such/worker";
  EXPECT_THROW(launcher->start(broken), EnvironmentError);
  const auto group = launcher->start(this->group("first", "echo $CUDA_VISIBLE_DEVICES"));
  EXPECT_TRUE(comes_true([&] { return log("first") == "4\n"; })) << log("first");
}

TEST_F(LocalLauncher, a_group_that_someone_else_started_is_asked_by_its_rank) {
  const auto launcher = make_local_launcher();
  const auto started = launcher->start(
      group("first", "trap 'exit 75' USR2; echo ready; while :; do sleep 0.01; done"));
  ASSERT_TRUE(comes_true([&] { return log("first") == "ready\n"; }));
  const auto rank = process_numbered(started->members().front().pid).value();
  const auto other = make_local_launcher();
  EXPECT_EQ(other->liveness(rank), Liveness::kAlive);
  const auto ask = [&](const ProcessIdentity& whom, const GroupName& whose) {
    return other->ask_to_yield(whom, folder_.path(), whose);
  };
  const GroupName first("first");
  EXPECT_EQ(ask(rank, GroupName("second")), YieldRequest::kNoWorker) << "another group's";
  EXPECT_EQ(other->ask_to_yield(rank, "/tmp", first), YieldRequest::kNoWorker) << "another sweep's";
  EXPECT_EQ(ask(this_process(), first), YieldRequest::kNoWorker) << "no worker at all";
  ProcessIdentity earlier = rank;
  earlier.start_ticks -= 1;
  EXPECT_EQ(ask(earlier, first), YieldRequest::kGone) << "its number is another process's now";
  EXPECT_FALSE(started->poll()) << "nobody was asked so far";
  EXPECT_EQ(ask(rank, first), YieldRequest::kSent);
  ASSERT_TRUE(comes_true([&] { return started->poll().has_value(); }));
  EXPECT_EQ(started->poll()->exit_code, 75);
  EXPECT_EQ(ask(rank, first), YieldRequest::kGone);
}

}  // namespace
}  // namespace headway
