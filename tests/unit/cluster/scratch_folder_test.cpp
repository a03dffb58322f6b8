#include "cluster/local/scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cstdlib>
#include <fstream>

#include "base/process.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

class ScratchFolderTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("TMPDIR", folder_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  TemporaryDirectory folder_;
};

TEST_F(ScratchFolderTest, what_a_living_group_holds_stays) {
  const auto scratch = ScratchFolder::make();
  ASSERT_TRUE(scratch);
  remove_abandoned_scratch();
  EXPECT_TRUE(std::filesystem::is_directory(scratch->session()));
  EXPECT_TRUE(std::filesystem::is_directory(scratch->shared_memory()));
}

TEST_F(ScratchFolderTest, what_a_group_left_behind_is_removed_with_its_shared_memory) {
  std::filesystem::path session;
  std::filesystem::path shared_memory;
  {
    const auto scratch = ScratchFolder::make();
    ASSERT_TRUE(scratch);
    session = scratch->session();
    shared_memory = scratch->shared_memory();
    std::ofstream(shared_memory / "vader_segment") << "left by a rank that was killed";
  }
  remove_abandoned_scratch();
  EXPECT_FALSE(std::filesystem::exists(session));
  EXPECT_FALSE(std::filesystem::exists(shared_memory));
}

TEST_F(ScratchFolderTest, a_child_holds_it_for_as_long_as_it_lives) {
  auto scratch = ScratchFolder::make();
  ASSERT_TRUE(scratch);
  const std::filesystem::path session = scratch->session();
  ChildProcess child({.program = {.command = {"cat"}},  // until its lifeline ends
                      .log = folder_.path() / "log",
                      .inherited = scratch->locks()});
  scratch.reset();  // as when the supervisor that made it is killed
  remove_abandoned_scratch();
  EXPECT_TRUE(std::filesystem::is_directory(session));
  child.close_lifeline();
  while (!child.poll()) {
  }
  remove_abandoned_scratch();
  EXPECT_FALSE(std::filesystem::exists(session));
}

TEST_F(ScratchFolderTest, shared_memory_of_a_killed_group_is_found_whatever_tmpdir_is) {
  const TemporaryDirectory other;
  std::filesystem::path left;
  {
    const auto scratch = ScratchFolder::make();
    ASSERT_TRUE(scratch);
    left = scratch->shared_memory();
    EXPECT_TRUE(left.string().starts_with("/dev/shm/"));
  }
  const auto held = ScratchFolder::make();
  ASSERT_TRUE(held);
  ::setenv("TMPDIR", other.path().c_str(), 1);
  remove_abandoned_scratch();
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(held->shared_memory()));
  EXPECT_TRUE(std::filesystem::exists(held->session()));
}

TEST_F(ScratchFolderTest, without_a_usable_tmpdir_it_is_elsewhere) {
  for (const char* unusable : {"/no/such/folder", "/etc/passwd"}) {
    ::setenv("TMPDIR", unusable, 1);
    const auto scratch = ScratchFolder::make();
    ASSERT_TRUE(scratch) << unusable;
    EXPECT_TRUE(std::filesystem::is_directory(scratch->session()));
  }
}

TEST_F(ScratchFolderTest, a_process_that_is_stopped_while_it_looks_stops_no_other) {
  ASSERT_TRUE(ScratchFolder::make());  // makes the parent folder
  const auto parent = *std::filesystem::directory_iterator(folder_.path());
  const FileDescriptor stopped = open_file(parent.path() / ".lock", O_RDWR);
  ASSERT_EQ(::flock(stopped.native(), LOCK_EX), 0);
  EXPECT_FALSE(ScratchFolder::make());
  remove_abandoned_scratch();
}

}  // namespace
}  // namespace headway
