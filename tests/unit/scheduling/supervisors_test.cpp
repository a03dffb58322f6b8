#include "scheduling/claims/supervisors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/temporary_directory.h"

namespace headway {
namespace {

TEST(SupervisorPresence, its_groups_are_known_to_be_watched_while_it_lives) {
  const TemporaryDirectory folder;
  GroupName group;
  {
    const SupervisorPresence presence(folder.path());
    group = presence.group_name(12);
    EXPECT_EQ(supervisor_of(folder.path(), group), Liveness::kAlive);
  }
  EXPECT_EQ(supervisor_of(folder.path(), group), Liveness::kDead);
}

TEST(SupervisorPresence, two_supervisors_of_one_process_have_different_groups) {
  const TemporaryDirectory folder;
  const SupervisorPresence first(folder.path());
  const SupervisorPresence second(folder.path());
  EXPECT_NE(first.group_name(0), second.group_name(0));
}

TEST(SupervisorPresence, an_entry_left_by_a_dead_process_counts_as_dead) {
  const TemporaryDirectory folder;
  ProcessIdentity gone = this_process();
  gone.start_ticks += 1;
  std::filesystem::create_directories(folder.path() / "supervisors");
  std::ofstream(folder.path() / "supervisors/node-00ff.json") << nlohmann::json(gone).dump();
  EXPECT_EQ(supervisor_of(folder.path(), GroupName("node-00ff-3")), Liveness::kDead);
  std::ofstream(folder.path() / "supervisors/node-00aa.json").close();
  EXPECT_EQ(supervisor_of(folder.path(), GroupName("node-00aa-3")), Liveness::kDead);
}

TEST(SupervisorPresence, an_entry_that_is_no_file_is_nobodys) {
  const TemporaryDirectory folder;
  const auto entries = folder.path() / "supervisors";
  std::filesystem::create_directories(entries / "node-00ab.json");
  std::filesystem::create_symlink("nowhere", entries / "node-00ac.json");
  std::filesystem::create_symlink("/etc/passwd", entries / "node-00ad.json");
  for (const char* group : {"node-00ab-0", "node-00ac-0", "node-00ad-0"}) {
    EXPECT_EQ(supervisor_of(folder.path(), GroupName(group)), Liveness::kDead) << group;
  }
}

TEST(SupervisorPresence, names_of_supervised_groups_are_told_from_others) {
  const TemporaryDirectory folder;
  const SupervisorPresence presence(folder.path());
  EXPECT_TRUE(is_supervised(presence.group_name(0)));
  for (const char* other :
       {"train-12345", "train-12345678", "solo", "node-00c0ffee", "a-00c0ffeg-1"}) {
    EXPECT_FALSE(is_supervised(GroupName(other))) << other;
  }
}

TEST(SupervisorPresence, a_group_that_no_supervisor_started_is_not_watched) {
  const TemporaryDirectory folder;
  EXPECT_EQ(supervisor_of(folder.path(), GroupName("by-hand")), Liveness::kDead);
  EXPECT_EQ(supervisor_of(folder.path(), GroupName("solo")), Liveness::kDead);
}

}  // namespace
}  // namespace headway
