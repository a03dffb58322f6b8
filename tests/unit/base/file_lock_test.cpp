#include "base/file_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

/// Another process that holds the lock until it is told to end.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
      const bool is_held = ::flock(fd, LOCK_EX) == 0 && ::write(ready[1], "!", 1) == 1;
      while (is_held) ::pause();
      ::_exit(1);
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() { end(); }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

class FileLock : public testing::Test {
 protected:
  FileDescriptor open() const { return open_file(path_, O_RDWR | O_CREAT, 0600); }

  TemporaryDirectory folder_;
  std::filesystem::path path_ = folder_.path() / ".plan.lock";
};

TEST_F(FileLock, a_free_one_is_taken_without_a_word) {
  const FileDescriptor file = open();
  LockWait wait;
  wait.say = [](const std::string& what) { ADD_FAILURE() << what; };
  EXPECT_EQ(lock_exclusively(file.native(), path_, wait), LockOutcome::kTaken);
  EXPECT_NE(::flock(open().native(), LOCK_EX | LOCK_NB), 0) << "it is held";
  EXPECT_EQ(awaited_lock(), "");
}

TEST_F(FileLock, who_waits_says_for_which_and_for_whom) {
  Holder holder(path_);
  const pid_t pid = holder.pid();
  ::kill(pid, SIGSTOP);
  ASSERT_EQ(::waitpid(pid, nullptr, WUNTRACED), pid);
  std::vector<std::string> said;
  LockWait wait{.in_silence = std::chrono::milliseconds(10)};
  wait.say = [&](const std::string& what) {
    said.push_back(what);
    if (said.size() > 1) return;
    EXPECT_THAT(what, HasSubstr(awaited_lock()));
    holder.end();
  };
  const FileDescriptor file = open();
  EXPECT_EQ(lock_exclusively(file.native(), path_, wait), LockOutcome::kTaken);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said[0],
              HasSubstr("waiting for the lock '" + path_.string() + "', which process " +
                        std::to_string(pid) + " ("));
  EXPECT_THAT(said[0], HasSubstr(", stopped) holds"));
  EXPECT_THAT(said[1], HasSubstr("is free: going on"));
  EXPECT_EQ(awaited_lock(), "");
}

TEST_F(FileLock, who_gives_up_leaves_it_to_its_holder) {
  const Holder holder(path_);
  int asked = 0;
  LockWait wait{.in_silence = std::chrono::milliseconds(10)};
  wait.say = [](const std::string&) {};
  wait.give_up = [&] { return ++asked == 3; };  // in silence and after the first words
  const FileDescriptor file = open();
  EXPECT_EQ(lock_exclusively(file.native(), path_, wait), LockOutcome::kGivenUp);
  EXPECT_EQ(awaited_lock(), "");
  EXPECT_NE(::flock(file.native(), LOCK_EX | LOCK_NB), 0);
}

// Whether the kernel still tells who took it depends on its version.
TEST_F(FileLock, whose_taker_is_gone_names_no_process_without_a_name) {
  std::array<int, 2> until_closed{};
  ASSERT_EQ(::pipe(until_closed.data()), 0);
  const pid_t taker = ::fork();
  if (taker == 0) {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT, 0600);
    ::flock(file, LOCK_EX);
    if (::fork() == 0) {  // keeps it
      ::close(until_closed[1]);
      char end = 0;
      ::_exit(static_cast<int>(::read(until_closed[0], &end, 1)));
    }
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(taker, nullptr, 0), taker);
  const FileDescriptor file = open();
  EXPECT_NE(::flock(file.native(), LOCK_EX | LOCK_NB), 0) << "it is held";
  EXPECT_THAT(lock_holder(file.native()),
              AnyOf("another process",
                    "a process that process " + std::to_string(taker) + ", gone by now, started"));
  ::close(until_closed[1]);
  ::close(until_closed[0]);
}

TEST_F(FileLock, nobody_is_known_to_hold_a_free_one) {
  EXPECT_EQ(lock_holder(open().native()), "another process");
}

}  // namespace
}  // namespace headway
