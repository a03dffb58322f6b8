#include "base/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <string>

#include "base/errors.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

/// Whether `holds` does in a child process, which may do to its streams what it likes.
bool in_child(const std::function<bool()>& holds) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(holds() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_null_device(int fd) {
  struct stat found {};
  struct stat null {};
  return ::fstat(fd, &found) == 0 && ::stat("/dev/null", &null) == 0 && S_ISCHR(found.st_mode) &&
         found.st_rdev == null.st_rdev;
}

TEST(StandardStreams, that_are_closed_lead_to_the_null_device) {
  EXPECT_TRUE(in_child([] {
    for (const int fd : {0, 1, 2}) ::close(fd);
    open_standard_streams();
    return is_null_device(0) && is_null_device(1) && is_null_device(2);
  }));
}

TEST(StandardStreams, that_are_closed_can_be_read_and_take_messages_but_no_results) {
  EXPECT_TRUE(in_child([] {
    for (const int fd : {0, 1, 2}) ::close(fd);
    open_standard_streams();
    char byte = 0;
    return ::read(0, &byte, 1) == 0 && ::write(1, "x", 1) == -1 && ::write(2, "x", 1) == 1;
  }));
}

TEST(StandardStreams, that_are_closed_matter_when_something_was_printed) {
  const auto is_noticed = [](const char* text) {
    return in_child([text] {
      ::close(STDOUT_FILENO);
      open_standard_streams();
      std::cout << text;
      try {
        flush_standard_output();
      } catch (const EnvironmentError& error) {
        return std::string(error.what()).find("it is closed") != std::string::npos;
      }
      return false;
    });
  };
  EXPECT_TRUE(is_noticed("a line\n"));
  EXPECT_FALSE(is_noticed(""));
}

TEST(StandardStreams, leave_their_numbers_to_no_other_file) {
  const TemporaryDirectory folder;
  EXPECT_TRUE(in_child([&] {
    for (const int fd : {0, 1, 2}) ::close(fd);
    open_standard_streams();
    return ::open((folder.path() / "file").c_str(), O_WRONLY | O_CREAT, 0600) > 2;
  }));
}

class OneClosedStream : public testing::TestWithParam<int> {};

TEST_P(OneClosedStream, changes_nothing_of_the_open_ones) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "file";
  const int closed = GetParam();
  EXPECT_TRUE(in_child([&] {
    const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (const int fd : {0, 1, 2}) ::dup2(opened, fd);
    ::close(closed);
    open_standard_streams();
    for (const int fd : {0, 1, 2}) {
      if (is_null_device(fd) != (fd == closed)) return false;
      const bool takes_text = fd != closed || fd != STDOUT_FILENO;
      if ((::write(fd, "x", 1) == 1) != takes_text) return false;
    }
    return true;
  }));
  EXPECT_EQ(text_of(file), "xx");
}

INSTANTIATE_TEST_SUITE_P(StandardStreams, OneClosedStream, testing::Values(0, 1, 2));

TEST(StandardStreams, that_find_no_room_are_noticed_at_the_end) {
  const auto is_noticed = [](const char* file) {
    return in_child([file] {
      ::dup2(::open(file, O_WRONLY), STDOUT_FILENO);
      std::cout << "a line\n";
      try {
        flush_standard_output();
      } catch (const EnvironmentError& error) {
        return std::string(error.what()).find("could not be written") != std::string::npos;
      }
      return false;
    });
  };
  EXPECT_TRUE(is_noticed("/dev/full"));
  EXPECT_FALSE(is_noticed("/dev/null"));
}

TEST(StandardStreams, that_are_open_stay_as_they_are) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "file";
  EXPECT_TRUE(in_child([&] {
    const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (const int fd : {0, 1, 2}) ::dup2(opened, fd);
    open_standard_streams();
    return ::write(0, "0", 1) == 1 && ::write(1, "1", 1) == 1 && ::write(2, "2", 1) == 1;
  }));
  EXPECT_EQ(text_of(file), "012");
}

}  // namespace
}  // namespace headway
