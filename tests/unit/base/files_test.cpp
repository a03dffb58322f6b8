#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/errors.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "file";
};

TEST_F(Files, text_is_read_as_it_was_written) {
  std::string text(200000, 'x');  // more than one chunk
  text += std::string("\0\n\r\xff end", 8);
  {
    const FileDescriptor file = open_file(path_, O_WRONLY | O_CREAT);
    write_all(file.native(), text, path_);
  }
  EXPECT_EQ(read_text(path_), text);
  const MappedFile mapped(path_);
  EXPECT_EQ(mapped.bytes().size(), text.size());
  EXPECT_EQ(mapped.bytes()[text.size() - 1], std::byte{'d'});
}

TEST_F(Files, an_empty_file_maps_to_nothing) {
  std::ofstream(path_).flush();
  EXPECT_EQ(MappedFile(path_).bytes().size(), 0);
  EXPECT_EQ(read_text(path_), "");
}

TEST_F(Files, errors_name_the_path_and_the_reason) {
  try {
    read_text(path_);
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path_.string() + ": open failed: No such file"));
  }
  const FileDescriptor full = open_file("/dev/full", O_WRONLY);
  EXPECT_THROW(write_all(full.native(), "x", "/dev/full"), EnvironmentError);
  EXPECT_THROW(MappedFile{path_}, EnvironmentError);
}

TEST_F(Files, a_descriptor_is_closed_once_and_can_be_moved) {
  FileDescriptor first = open_file(path_, O_WRONLY | O_CREAT);
  const int native = first.native();
  FileDescriptor second = std::move(first);
  EXPECT_EQ(second.native(), native);
  EXPECT_TRUE(second.is_open());
  second = open_file(path_, O_RDONLY);  // closes the one it held
  second.reset();
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(::fcntl(native, F_GETFD), -1);
}

TEST_F(Files, descriptors_are_not_inherited_by_programs) {
  const FileDescriptor file = open_file(path_, O_WRONLY | O_CREAT);
  EXPECT_NE(::fcntl(file.native(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace headway
