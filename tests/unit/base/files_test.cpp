#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "base/errors.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t kEnough = 1 << 20;

class Files : public testing::Test {
 protected:
  std::string refusal(const std::function<void()>& open) {
    try {
      open();
    } catch (const EnvironmentError& error) {
      return error.what();
    }
    return "no EnvironmentError";
  }
  std::string refusal(Links links = Links::kFollow) {
    return refusal([&] { open_regular(path_, links); });
  }

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
  EXPECT_EQ(read_text(path_, kEnough), text);
  const MappedFile mapped(path_);
  EXPECT_EQ(mapped.bytes().size(), text.size());
  EXPECT_EQ(mapped.bytes()[text.size() - 1], std::byte{'d'});
}

TEST_F(Files, an_empty_file_maps_to_nothing) {
  std::ofstream(path_).flush();
  EXPECT_EQ(MappedFile(path_).bytes().size(), 0);
  EXPECT_EQ(read_text(path_, kEnough), "");
}

TEST_F(Files, errors_name_the_path_and_the_reason) {
  try {
    read_text(path_, kEnough);
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path_.string() + ": open failed: No such file"));
  }
  const FileDescriptor full = open_file("/dev/full", O_WRONLY);
  EXPECT_THROW(write_all(full.native(), "x", "/dev/full"), EnvironmentError);
  EXPECT_THROW(MappedFile{path_}, EnvironmentError);
}

TEST_F(Files, what_cannot_be_told_is_not_taken_for_absence) {
  EXPECT_FALSE(is_there(path_));
  std::ofstream(path_).flush();
  EXPECT_TRUE(is_there(path_));
  EXPECT_FALSE(is_there(path_ / "below"));  // of a file
  std::filesystem::create_symlink("nowhere", directory_.path() / "link");
  EXPECT_FALSE(is_there(directory_.path() / "link"));
  std::filesystem::create_symlink("loop", directory_.path() / "loop");
  EXPECT_THAT(refusal([&] { is_there(directory_.path() / "loop"); }), HasSubstr("stat failed"));
}

TEST_F(Files, folders_are_made_with_those_above_them) {
  const auto folder = directory_.path() / "a" / "b" / "c";
  make_directories(folder, Durability::kAtomicOnly);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  make_directories(folder);
  std::ofstream(path_).flush();
  EXPECT_THAT(refusal([&] { make_directories(path_ / "below"); }), HasSubstr("mkdir failed"));
}

TEST_F(Files, no_folder_is_made_of_a_path_that_is_too_long) {
  std::string below;
  for (int i = 0; i < 3000; ++i) below += "/a";  // PATH_MAX is 4096
  EXPECT_THAT(refusal([&] { make_directories(directory_.path().string() + below); }),
              HasSubstr("mkdir failed: File name too long"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
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

TEST_F(Files, that_have_more_than_the_bound_are_not_read) {
  std::ofstream(path_) << "ten bytes!";
  EXPECT_EQ(read_text(path_, 10), "ten bytes!");
  EXPECT_THAT(refusal([&] { read_text(path_, 9); }),
              AllOf(HasSubstr(path_.string()), HasSubstr("more than 9 bytes")));
}

// /proc and pipes say nothing of their size, /dev/zero has no end.
TEST_F(Files, are_bounded_by_what_is_read_rather_than_by_what_they_say) {
  EXPECT_THAT(read_text("/proc/self/status", kEnough), HasSubstr("Name:"));
  EXPECT_THAT(refusal([] { read_text("/proc/self/status", 3); }), HasSubstr("more than 3 bytes"));
  EXPECT_THROW(read_text("/dev/zero", 3), EnvironmentError);
}

TEST_F(Files, a_regular_file_is_opened_for_reading_alone) {
  std::ofstream(path_) << "text";
  const FileDescriptor file = open_regular(path_, Links::kRefuse);
  EXPECT_EQ(::fcntl(file.native(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_NE(::fcntl(file.native(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Files, a_named_pipe_is_told_and_not_waited_for) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto expected =
      AllOf(HasSubstr(path_.string()), HasSubstr("found a named pipe, expected a regular file"));
  EXPECT_THAT(refusal(), expected);
  EXPECT_THAT(refusal(Links::kRefuse), expected);
  EXPECT_THAT(refusal([&] { read_text(path_, kEnough); }), expected);
  EXPECT_THAT(refusal([&] { MappedFile{path_}; }), expected);
}

TEST_F(Files, a_directory_is_told) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(refusal(), HasSubstr("found a directory, expected a regular file"));
}

TEST_F(Files, a_device_is_told) {
  EXPECT_THAT(refusal([] { open_regular("/dev/null"); }), HasSubstr("/dev/null: found a device"));
}

TEST_F(Files, a_socket_is_told) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path_.string().size(), sizeof(address.sun_path));
  std::strcpy(address.sun_path, path_.c_str());
  ASSERT_EQ(::bind(socket.native(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_THAT(refusal(), HasSubstr("found a socket"));
}

TEST_F(Files, a_symbolic_link_is_followed_unless_it_is_refused) {
  const auto target = directory_.path() / "target";
  std::ofstream(target) << "text";
  std::filesystem::create_symlink(target, path_);
  EXPECT_EQ(read_text(path_, kEnough), "text");
  EXPECT_THAT(refusal(Links::kRefuse),
              AllOf(HasSubstr(path_.string()), HasSubstr("found a symbolic link")));
  EXPECT_THROW(read_text(path_, kEnough, Links::kRefuse), EnvironmentError);
  EXPECT_THROW(MappedFile(path_, Links::kRefuse), EnvironmentError);
}

TEST_F(Files, a_symbolic_link_that_leads_to_something_else_is_told_as_that) {
  std::filesystem::create_symlink(directory_.path(), path_);
  EXPECT_THAT(refusal(), HasSubstr("found a directory"));
  EXPECT_THAT(refusal(Links::kRefuse), HasSubstr("found a symbolic link"));
}

}  // namespace
}  // namespace headway
