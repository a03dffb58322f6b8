#include "base/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

namespace headway {
namespace {

TEST(Time, timestamps_are_utc_with_milliseconds) {
  const std::regex form(R"(20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z)");
  EXPECT_TRUE(std::regex_match(utc_timestamp(), form)) << utc_timestamp();
}

TEST(Time, the_clock_never_runs_backwards) {
  const double before = monotonic_seconds();
  EXPECT_GE(monotonic_seconds(), before);
}

TEST(Time, durations_have_two_units_at_most) {
  EXPECT_EQ(format_duration(0.085), "85ms");
  EXPECT_EQ(format_duration(12.34), "12.3s");
  EXPECT_EQ(format_duration(200), "3m20s");
  EXPECT_EQ(format_duration(3725), "1h02m");
  EXPECT_EQ(format_duration(3599.9), "1h00m");
  EXPECT_EQ(format_duration(90000), "1d01h");
}

TEST(Time, an_unknown_duration_is_a_dash) {
  EXPECT_EQ(format_duration(std::nan("")), "-");
  EXPECT_EQ(format_duration(INFINITY), "-");
  EXPECT_EQ(format_duration(1e300), "-");
  EXPECT_EQ(format_duration(-1e300), "-");
  EXPECT_EQ(format_duration(86400e6), "1000000d00h");
}

}  // namespace
}  // namespace headway
