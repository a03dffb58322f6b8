#include "base/retry_after_io_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/input_output_error.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

[[noreturn]] void fail_with(int error) {
  errno = error;
  throw_errno("read", "/disk/file");
}

class IoErrors : public ::testing::Test {
 protected:
  RetryAfterIoErrors options() {
    return {.failed = [this](const std::string& what) { told_.push_back(what); },
            .give_up = [this] { return give_up_; },
            .tries = 4,
            .first_pause = std::chrono::milliseconds(1),
            .longest_pause = std::chrono::milliseconds(2)};
  }

  std::vector<std::string> told_;
  bool give_up_ = false;
};

TEST_F(IoErrors, succeed_at_a_later_try) {
  int count = 0;
  retry_after_io_errors(
      [&] {
        if (++count < 3) fail_with(EIO);
      },
      options());
  EXPECT_EQ(count, 3);
  EXPECT_THAT(told_,
              ElementsAre("/disk/file: read failed: Input/output error",
                          "/disk/file: read failed: Input/output error"));
}

TEST_F(IoErrors, end_after_the_last_try) {
  int count = 0;
  try {
    retry_after_io_errors(
        [&] {
          ++count;
          fail_with(ESTALE);
        },
        options());
    FAIL() << "it never succeeds";
  } catch (const InputOutputError& error) {
    EXPECT_STREQ(error.what(),
                 "/disk/file: read failed: Stale file handle; given up after 4 tries");
  }
  EXPECT_EQ(count, 4);
}

TEST_F(IoErrors, take_in_those_of_the_standard_library) {
  int count = 0;
  retry_after_io_errors(
      [&] {
        if (++count == 1) {
          throw std::filesystem::filesystem_error(
              "cannot list", "/disk", std::error_code(EIO, std::generic_category()));
        }
      },
      options());
  EXPECT_EQ(count, 2);
}

TEST_F(IoErrors, end_when_asked_to) {
  give_up_ = true;
  EXPECT_THROW(retry_after_io_errors([] { fail_with(EIO); }, options()), InputOutputError);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(IoErrors, leave_other_errors_alone) {
  EXPECT_THROW(retry_after_io_errors([] { fail_with(EACCES); }, options()), EnvironmentError);
  EXPECT_THROW(retry_after_io_errors([] { fail_with(ENOSPC); }, options()), DiskFullError);
  EXPECT_THROW(retry_after_io_errors([] { throw ConfigError("wrong"); }, options()), ConfigError);
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace headway
