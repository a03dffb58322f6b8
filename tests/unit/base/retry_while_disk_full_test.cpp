#include "base/retry_while_disk_full.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kSoon{1};

TEST(RetryWhileDiskFull, what_succeeds_is_done_once_and_quietly) {
  int done = 0;
  retry_while_disk_full([&] { ++done; }, {.began = [](const std::string&) { FAIL(); }});
  EXPECT_EQ(done, 1);
}

TEST(RetryWhileDiskFull, it_tells_once_and_tries_until_there_is_room) {
  int tries = 0;
  std::vector<std::string> told;
  retry_while_disk_full(
      [&] {
        if (++tries < 2) throw DiskFullError("no space left on device");
      },
      {.began = [&](const std::string& what) { told.push_back(what); },
       .ended = [&] { told.emplace_back("room"); },
       .between_tries = kSoon});
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(told, (std::vector<std::string>{"no space left on device", "room"}));
}

TEST(RetryWhileDiskFull, a_folder_that_finds_no_room_counts_too) {
  int tries = 0;
  retry_while_disk_full(
      [&] {
        if (++tries > 1) return;
        throw std::filesystem::filesystem_error("create_directories",
                                                std::error_code(ENOSPC, std::generic_category()));
      },
      {.between_tries = kSoon});
  EXPECT_EQ(tries, 2);
}

TEST(RetryWhileDiskFull, other_errors_are_passed_on) {
  EXPECT_THROW(retry_while_disk_full([] { throw EnvironmentError("i/o error"); }, {}),
               EnvironmentError);
}

TEST(RetryWhileDiskFull, who_is_asked_to_leave_gives_up) {
  const RetryWhileDiskFull asked{.give_up = [] { return true; }};
  const auto no_folder = [] {
    throw std::filesystem::filesystem_error("create_directories",
                                            std::error_code(ENOSPC, std::generic_category()));
  };
  EXPECT_THROW(retry_while_disk_full([] { throw DiskFullError("full"); }, asked),
               StoppedOnFullDisk);
  EXPECT_THROW(retry_while_disk_full(no_folder, asked), StoppedOnFullDisk);
  EXPECT_THROW(retry_while_disk_full([] { throw EnvironmentError("i/o error"); }, asked),
               EnvironmentError);
}

}  // namespace
}  // namespace headway
