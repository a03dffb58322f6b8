#include "base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::IsEmpty;

// One test, because the logger's level and prefix belong to the process.
TEST(Logging, rank_zero_tells_all_and_other_ranks_only_warnings) {
  testing::internal::CaptureStderr();
  start_logging();
  log_info("{} of {}", 1, 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              ContainsRegex("^[0-9:]{8}[.][0-9]{3} info  1 of 2\n$"));
  testing::internal::CaptureStderr();
  start_logging(1, 4);
  log_info("not told");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
  testing::internal::CaptureStderr();
  log_warning("{}", "told {braces}");
  log_error("told");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              ContainsRegex("warn.* \\[rank 1\\] told \\{braces\\}\n.*error \\[rank 1\\] told\n$"));
  testing::internal::CaptureStderr();
  log_error("{}", "a\x1b[31m\nb");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith("a\\x1b[31m\n  b\n"));
}

}  // namespace
}  // namespace headway
