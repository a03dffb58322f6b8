#include "runner/supervisor/orphaned_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "cluster/local/group_processes.h"
#include "cluster/local/group_state.h"
#include "config/schema/json_writer.h"
#include "scheduling/claims/supervisors.h"
#include "support/fake_launcher.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int tries = 0; tries < 2000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class Orphans : public testing::Test {
 protected:
  /// A process that looks like one of a worker group from outside, and sleeps.
  ChildProcess start(const std::string& group, const std::filesystem::path& sweep_directory) {
    const GroupSettings settings{.sweep_directory = sweep_directory.string(), .group = group};
    return ChildProcess({.program = {{"/bin/sh",
                                      "-c",
                                      "while :; do sleep 0.1; done",
                                      "headway-worker",
                                      "serve",
                                      section_to_json(settings).dump()}},
                         .log = folder_.path() / "log"});
  }
  ChildProcess start(const std::string& group) { return start(group, folder_.path()); }

  std::vector<std::string> look(int times) {
    std::vector<std::string> messages;
    for (; times > 0; --times) {
      now_ += 1;
      for (std::string& text : orphans_.look()) messages.push_back(std::move(text));
    }
    return messages;
  }
  static bool is_stopped(const ChildProcess& process) {
    return group_state(process.pid()).front().is_stopped();
  }

  TemporaryDirectory folder_;
  FakeLauncher launcher_;
  double now_ = 0;
  OrphanedGroups orphans_{folder_.path(), launcher_, AwakeClock([this] { return now_; })};
};

TEST_F(Orphans, are_found_by_their_command_line) {
  const TemporaryDirectory other;
  const ChildProcess own = start("node-00c0ffee-3");
  const ChildProcess others = start("node-00c0ffee-4", other.path());
  ASSERT_TRUE(comes_true([&] { return !group_processes(folder_.path()).empty(); }));
  const auto found = group_processes(folder_.path());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().process.pid, own.pid());
  EXPECT_EQ(found.front().group, "node-00c0ffee-3");
}

TEST_F(Orphans, that_are_stopped_go_on_and_are_killed_when_they_do_not_leave) {
  ChildProcess process = start("node-00c0ffee-0");
  launcher_.processes = {{*process_numbered(process.pid()), "node-00c0ffee-0"}};
  ::kill(process.pid(), SIGSTOP);
  ASSERT_TRUE(comes_true([&] { return is_stopped(process); }));
  EXPECT_THAT(look(1), IsEmpty());
  EXPECT_TRUE(comes_true([&] { return !is_stopped(process); }));
  EXPECT_THAT(look(9), IsEmpty());
  EXPECT_FALSE(process.poll());
  EXPECT_THAT(look(1), ElementsAre(HasSubstr("group node-00c0ffee-0: its supervisor is dead")));
  EXPECT_TRUE(comes_true([&] { return process.poll().has_value(); }));
  EXPECT_EQ(process.poll()->signal, SIGKILL);
}

TEST_F(Orphans, are_no_groups_of_living_supervisors_nor_trials_trained_by_hand) {
  const SupervisorPresence supervisor(folder_.path());
  const std::string group = supervisor.group_name(0).text();
  ChildProcess watched = start(group);
  ChildProcess by_hand = start("train-12345");
  launcher_.processes = {{*process_numbered(watched.pid()), group},
                         {*process_numbered(by_hand.pid()), "train-12345"}};
  EXPECT_THAT(look(50), IsEmpty());
  EXPECT_FALSE(watched.poll());
  EXPECT_FALSE(by_hand.poll());
}

}  // namespace
}  // namespace headway
