#include "base/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace headway {
namespace {

class ControlGroups : public testing::Test {
 protected:
  void member_of(const std::string& lines) { std::ofstream(files_.membership) << lines; }
  void write(const std::string& file, const std::string& text) {
    const auto path = files_.mount / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  TemporaryDirectory folder_;
  CgroupFiles files_{.membership = folder_.path() / "cgroup", .mount = folder_.path() / "mount"};
};

TEST_F(ControlGroups, the_least_quota_of_all_groups_around_counts_in_version_2) {
  member_of("0::/user/job/step\n");
  write("user/cpu.max", "max 100000\n");
  write("user/job/cpu.max", "150000 100000\n");
  write("user/job/step/cpu.max", "400000 100000\n");
  EXPECT_EQ(cpu_quota(files_), 1.5);
  write("user/job/step/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(files_), 1.5) << "the group itself has none";
  write("user/job/step/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpu_quota(files_), 0.5);
}

TEST_F(ControlGroups, the_least_quota_of_all_groups_around_counts_in_version_1) {
  member_of("5:memory:/a/b\n4:cpu,cpuacct:/a/b\n0::/\n");
  write("cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  write("cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(files_), std::nullopt) << "-1 is none";
  write("cpu,cpuacct/a/cpu.cfs_quota_us", "200000\n");
  write("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(files_), 2.0);
  write("memory/a/memory.limit_in_bytes", "1048576\n");
  write("memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_limit_bytes(files_), 1048576);
}

TEST_F(ControlGroups, in_a_container_the_mount_shows_the_inside_alone) {
  member_of("0::/docker/3f2a\n");
  write("cpu.max", "300000 100000\n");
  write("memory.max", "2097152\n");
  EXPECT_EQ(cpu_quota(files_), 3.0);
  EXPECT_EQ(memory_limit_bytes(files_), 2097152);
  member_of("0::/../../elsewhere\n");
  EXPECT_THAT(control_groups("cpu", files_), testing::ElementsAre(files_.mount));
}

TEST_F(ControlGroups, without_files_nothing_is_limited) {
  EXPECT_EQ(cpu_quota(files_), std::nullopt);
  EXPECT_EQ(memory_limit_bytes(files_), std::nullopt);
  member_of("no colons\n");
  EXPECT_EQ(cpu_quota(files_), std::nullopt);
}

}  // namespace
}  // namespace headway
