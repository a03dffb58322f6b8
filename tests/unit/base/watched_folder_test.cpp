#include "base/watched_folder.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

TEST(WatchedFolder, a_folder_that_stays_is_there_whatever_is_put_in_it) {
  const TemporaryDirectory folder;
  const WatchedFolder watched(folder.path());
  fs::create_directory(folder.path() / "within");
  EXPECT_FALSE(watched.is_gone());
}

TEST(WatchedFolder, one_that_is_moved_or_replaced_is_gone) {
  const TemporaryDirectory folder;
  const fs::path sweep = folder.path() / "sweep";
  fs::create_directory(sweep);
  const WatchedFolder watched(sweep);
  fs::rename(sweep, folder.path() / "elsewhere");
  EXPECT_TRUE(watched.is_gone());
  fs::create_directory(sweep);
  EXPECT_TRUE(watched.is_gone()) << "another folder of that name";
  fs::remove(sweep);
  fs::rename(folder.path() / "elsewhere", sweep);
  EXPECT_FALSE(watched.is_gone()) << "moved back";
}

TEST(WatchedFolder, one_that_was_never_there_is_not_gone) {
  EXPECT_FALSE(WatchedFolder("/nonexistent").is_gone());
}

TEST(MakeLastDirectories, makes_no_more_than_the_last_ones) {
  const TemporaryDirectory folder;
  make_last_directories(folder.path() / "a" / "b", 2);
  EXPECT_TRUE(fs::is_directory(folder.path() / "a" / "b"));
  EXPECT_THROW(make_last_directories(folder.path() / "gone" / "a" / "b", 2), EnvironmentError);
  EXPECT_FALSE(fs::exists(folder.path() / "gone"));
  make_last_directories("relative_folder_of_a_test", 1);
  fs::remove("relative_folder_of_a_test");
}

}  // namespace
}  // namespace headway
