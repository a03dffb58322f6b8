#include "base/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "base/errors.h"
#include "base/files.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

class AtomicFile : public testing::Test {
 protected:
  int files_in_folder() const {
    int count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(directory_.path())) {
      ++count;
    }
    return count;
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "file";
};

TEST_F(AtomicFile, a_new_file_appears_and_an_old_one_is_replaced) {
  for (const Durability durability : {Durability::kFlushed, Durability::kAtomicOnly}) {
    replace_file(path_, "one", durability);
    EXPECT_EQ(text_of(path_), "one");
    replace_file(path_, "a longer two", durability);
    EXPECT_EQ(text_of(path_), "a longer two");
    replace_file(path_, "", durability);
    EXPECT_EQ(text_of(path_), "");
    EXPECT_EQ(files_in_folder(), 1);
  }
}

TEST_F(AtomicFile, a_failure_while_writing_leaves_the_old_file_and_nothing_else) {
  replace_file(path_, "old");
  const auto failing = [&](int fd) {
    write_all(fd, "half of the new", path_);
    throw EnvironmentError("disk full");
  };
  EXPECT_THROW(replace_file(path_, failing), EnvironmentError);
  EXPECT_EQ(text_of(path_), "old");
  EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(AtomicFile, a_failing_rename_leaves_no_temporary_file) {
  std::filesystem::create_directories(path_ / "inside");  // a folder cannot be replaced by a file
  EXPECT_THROW(replace_file(path_, "text"), EnvironmentError);
  EXPECT_EQ(files_in_folder(), 1);
  EXPECT_TRUE(std::filesystem::is_directory(path_));
}

TEST_F(AtomicFile, a_real_write_error_leaves_the_old_file) {
  replace_file(path_, "old");
  const auto failing = [&](int) {
    const FileDescriptor full = open_file("/dev/full", O_WRONLY);
    write_all(full.native(), "text", "/dev/full");
  };
  EXPECT_THROW(replace_file(path_, failing), EnvironmentError);
  EXPECT_EQ(text_of(path_), "old");
}

TEST_F(AtomicFile, a_reader_of_the_old_file_keeps_it) {
  replace_file(path_, "old");
  const MappedFile reader(path_);
  replace_file(path_, "new");
  EXPECT_EQ(static_cast<char>(reader.bytes()[0]), 'o');
}

TEST_F(AtomicFile, a_missing_folder_is_named) {
  try {
    replace_file(directory_.path() / "none" / "file", "text");
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("none"), std::string::npos);
  }
  EXPECT_THROW(flush_directory(directory_.path() / "none"), EnvironmentError);
}

TEST_F(AtomicFile, what_a_killed_writer_left_can_be_removed) {
  replace_file(path_, "whole");
  replace_file(directory_.path() / ".file.0123.tmp", "half");
  replace_file(directory_.path() / ".file2.0123.tmp", "another file's");
  remove_unfinished(path_);
  EXPECT_EQ(files_in_folder(), 2);
  EXPECT_EQ(text_of(path_), "whole");
  remove_unfinished(directory_.path() / "no_folder" / "file");
}

}  // namespace
}  // namespace headway
