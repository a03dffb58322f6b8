#include "base/cache_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/files.h"
#include "support/scoped_variable.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CacheFolder : public testing::Test {
 protected:
  static std::string refusal() {
    try {
      cache_folder("things");
    } catch (const EnvironmentError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
  fs::path cache_ = directory_.path() / "a" / "cache";
  ScopedVariable variable_{"HEADWAY_CACHE", cache_.string()};
};

TEST_F(CacheFolder, is_made_for_its_user_alone) {
  const mode_t before = ::umask(0);
  EXPECT_EQ(cache_folder("things"), cache_ / "things");
  ::umask(before);
  EXPECT_EQ(fs::status(cache_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(cache_ / "things").permissions(), fs::perms::owner_all);
  EXPECT_EQ(cache_folder("things"), cache_ / "things");
}

TEST_F(CacheFolder, is_refused_when_anyone_can_write_to_it) {
  cache_folder("things");
  for (const fs::path& folder : {cache_, cache_ / "things"}) {
    ASSERT_EQ(::chmod(folder.c_str(), 0757), 0);
    EXPECT_THAT(refusal(), HasSubstr("'" + folder.string() + "' is not used: any user can write"));
    EXPECT_THAT(refusal(), HasSubstr("mode 0757"));
    ASSERT_EQ(::chmod(folder.c_str(), 01777), 0);  // as /tmp: only owners replace files
    EXPECT_EQ(refusal(), "");
    ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
  }
}

TEST_F(CacheFolder, is_refused_when_another_user_made_it) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  cache_folder("things");
  for (const fs::path& folder : {cache_, cache_ / "things"}) {
    ASSERT_EQ(::chown(folder.c_str(), 65534, ::getegid()), 0);
    EXPECT_THAT(refusal(),
                HasSubstr("'" + folder.string() + "' is not used: it belongs to another"));
    EXPECT_THAT(refusal(), HasSubstr("uid 65534"));
    ASSERT_EQ(::chown(folder.c_str(), 0, ::getegid()), 0);
  }
}

TEST_F(CacheFolder, is_no_link_to_elsewhere) {
  fs::create_directories(cache_);
  fs::create_directories(directory_.path() / "elsewhere");
  fs::create_symlink(directory_.path() / "elsewhere", cache_ / "things");
  EXPECT_THAT(refusal(), HasSubstr("no folder itself"));
}

TEST_F(CacheFolder, may_lie_behind_a_link) {
  fs::create_directories(directory_.path() / "a");
  fs::create_directories(directory_.path() / "scratch");
  fs::create_symlink(directory_.path() / "scratch", cache_);
  EXPECT_EQ(refusal(), "");
}

TEST_F(CacheFolder, takes_only_files_that_nobody_else_can_write) {
  const fs::path path = directory_.path() / "file";
  const FileDescriptor file = open_file(path, O_RDWR | O_CREAT, 0600);
  EXPECT_NO_THROW(expect_own_file(file.native(), path));
  for (const mode_t mode : {0620U, 0602U}) {
    ASSERT_EQ(::fchmod(file.native(), mode), 0);
    EXPECT_THROW(expect_own_file(file.native(), path), EnvironmentError) << mode;
  }
  ASSERT_EQ(::fchmod(file.native(), 0644), 0);
  EXPECT_NO_THROW(expect_own_file(file.native(), path));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::fchown(file.native(), 65534, ::getegid()), 0);
  EXPECT_THROW(expect_own_file(file.native(), path), EnvironmentError);
}

}  // namespace
}  // namespace headway
