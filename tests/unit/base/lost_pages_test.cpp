#include "base/lost_pages.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "base/files.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

constexpr std::uint64_t kEnough = 1 << 20;

class LostPages : public testing::Test {
 protected:
  /// How a process ends that runs `body`, as waitpid(2) tells it; what it says is in said().
  int end_of(const std::function<void()>& body) {
    const FileDescriptor said = open_file(directory_.path() / "said", O_WRONLY | O_CREAT | O_TRUNC);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(said.native(), STDERR_FILENO);
      body();
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  std::string said() const { return read_text(directory_.path() / "said", kEnough); }

  std::filesystem::path file_of(const std::string& name) const {
    const auto path = directory_.path() / name;
    std::ofstream(path) << std::string(100'000, 'x');
    return path;
  }

  TemporaryDirectory directory_;
};

std::byte last_byte(const MappedFile& file) {
  const volatile std::byte* last = &file.bytes().back();
  return *last;
}

TEST_F(LostPages, the_file_that_became_shorter_is_named) {
  const auto path = file_of("weights");
  const auto other = file_of("other\n");
  const int status = end_of([&] {
    tell_of_lost_pages();
    const MappedFile beside(other);
    MappedFile first(path);
    const MappedFile file(std::move(first));
    std::filesystem::resize_file(path, 10);
    last_byte(beside);
    last_byte(file);
  });
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kExitFailed);
  EXPECT_EQ(said(),
            path.string() +
                ": could not be read any more: it became shorter meanwhile, or its disk failed\n");
}

TEST_F(LostPages, a_name_is_told_as_it_can_be_printed) {
  const auto path = file_of("two\nlines");
  const int status = end_of([&] {
    tell_of_lost_pages();
    const MappedFile file(path);
    std::filesystem::resize_file(path, 0);
    last_byte(file);
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_THAT(said(), testing::HasSubstr("two\\nlines: could not be read"));
}

TEST_F(LostPages, files_beyond_those_that_have_names_are_read_all_the_same) {
  const auto path = file_of("weights");
  for (int times = 0; times < 2; ++times) {
    std::vector<MappedFile> files;
    for (int i = 0; i < 100; ++i) files.emplace_back(path);
    for (const MappedFile& file : files) EXPECT_EQ(last_byte(file), std::byte{'x'});
  }
}

TEST_F(LostPages, another_bus_error_ends_the_process_as_ever) {
  const int status = end_of([] {
    tell_of_lost_pages();
    ::raise(SIGBUS);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGBUS);
  EXPECT_EQ(said(), "");
}

}  // namespace
}  // namespace headway
