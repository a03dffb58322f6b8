#include "base/temporary_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/errors.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

class TemporaryFiles : public testing::Test {
 protected:
  static void set(const std::filesystem::path& folder) { ::setenv("TMPDIR", folder.c_str(), 1); }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  static std::string problem() {
    try {
      temporary_directory();
    } catch (const EnvironmentError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory folder_;
};

TEST_F(TemporaryFiles, they_are_where_tmpdir_says_or_in_tmp) {
  set(folder_.path());
  EXPECT_EQ(temporary_directory(), folder_.path());
  ::unsetenv("TMPDIR");
  EXPECT_EQ(temporary_directory(), "/tmp");
}

TEST_F(TemporaryFiles, a_tmpdir_that_is_no_folder_is_named_with_what_to_do) {
  const auto file = folder_.path() / "file";
  std::ofstream(file) << "text";
  for (const auto& path : {folder_.path() / "missing", file}) {
    set(path);
    EXPECT_THAT(problem(), testing::HasSubstr("TMPDIR is '" + path.string() + "'"));
    EXPECT_THAT(problem(), testing::HasSubstr("set it to a folder that you may write to"));
    EXPECT_EQ(any_temporary_directory(), "/tmp") << "in its place";
  }
}

TEST_F(TemporaryFiles, a_folder_may_go_away_meanwhile) {
  const auto inner = folder_.path() / "inner";
  std::filesystem::create_directory(inner);
  set(inner);
  EXPECT_EQ(any_temporary_directory(), inner);
  std::filesystem::remove(inner);
  EXPECT_EQ(any_temporary_directory(), "/tmp");
}

}  // namespace
}  // namespace headway
