#include "base/unblocked_stderr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>

#include "base/files.h"

namespace headway {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
  std::string read_all() const {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0;
         (count = ::read(read_end.native(), buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  FileDescriptor read_end;
  FileDescriptor write_end;
};

constexpr std::size_t kLineLength = 100;

std::string line() {
  std::string text(kLineLength, 'x');
  text.back() = '\n';
  return text;
}

TEST(UnblockedStandardError, what_is_written_arrives_in_order) {
  Pipe pipe;
  std::ostringstream stream;
  {
    const UnblockedStandardError unblocked(stream, pipe.write_end.native());
    stream << "first " << 1 << '\n' << "second\n";
  }
  pipe.write_end.reset();
  EXPECT_EQ(pipe.read_all(), "first 1\nsecond\n");
  stream << "later";
  EXPECT_EQ(stream.str(), "later") << "the stream is as it was";
}

TEST(UnblockedStandardError, a_reader_that_does_not_read_blocks_nobody) {
  static const auto* const pipe = new Pipe;  // for good: a thread is left behind in a write to it
  std::ostringstream stream;
  {
    const UnblockedStandardError unblocked(stream, pipe->write_end.native());
    for (int i = 0; i < 20'000; ++i) stream << line();  // 2 MB
  }
  stream << "free";
  EXPECT_EQ(stream.str(), "free");
}

TEST(UnblockedStandardError, signals_are_left_to_those_who_wait_for_them) {
  Pipe pipe;
  std::ostringstream stream;
  const UnblockedStandardError unblocked(stream, pipe.write_end.native());
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGUSR1);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &awaited, &before);
  ::kill(::getpid(), SIGUSR1);  // would end this process if another thread took it
  const timespec patience{.tv_sec = 10, .tv_nsec = 0};
  EXPECT_EQ(::sigtimedwait(&awaited, nullptr, &patience), SIGUSR1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(UnblockedStandardError, what_found_no_room_is_counted) {
  Pipe pipe;
  std::ostringstream stream;
  std::string text;
  std::thread reader;
  {
    const UnblockedStandardError unblocked(stream, pipe.write_end.native());
    for (int i = 0; i < 20'000; ++i) stream << line();
    reader = std::thread([&] { text = pipe.read_all(); });
  }
  pipe.write_end.reset();
  reader.join();
  EXPECT_THAT(text, testing::HasSubstr("messages left out here"));
  EXPECT_LT(text.size(), 20'000 * kLineLength);
}

}  // namespace
}  // namespace headway
