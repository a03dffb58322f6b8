#include "config/yaml/scalars.h"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

TEST(Number, is_decimal_and_finite) {
  EXPECT_EQ(parse_number("5e-4"), 0.0005);
  EXPECT_EQ(parse_number("+1.5"), 1.5);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number("010"), 10);
  EXPECT_FALSE(std::signbit(*parse_number("-0.0")));
  for (const char* text :
       {"", "abc", "1x", " 1", "1,5", "nan", "inf", "-inf", "1e999", "0x10", "+-1", "++1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Integer, has_no_fraction_and_fits_64_bits) {
  EXPECT_EQ(parse_integer("-7"), -7);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "1.0", "1e3", "9223372036854775808"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(Flag, may_be_written_as_yaml_allows) {
  for (const char* text : {"true", "True", "yes", "on"}) EXPECT_EQ(parse_flag(text), true);
  for (const char* text : {"false", "NO", "off"}) EXPECT_EQ(parse_flag(text), false);
  for (const char* text : {"1", "0", "y", ""}) EXPECT_EQ(parse_flag(text), std::nullopt);
}

TEST(Duration, adds_falling_units) {
  EXPECT_EQ(parse_duration_seconds("2h"), 7200);
  EXPECT_EQ(parse_duration_seconds("90m"), 5400);
  EXPECT_EQ(parse_duration_seconds("1h30m"), 5400);
  EXPECT_EQ(parse_duration_seconds("1d2h3m4s"), 93784);
  EXPECT_EQ(parse_duration_seconds("0.5h"), 1800);
  EXPECT_EQ(parse_duration_seconds("45"), 45);
  for (const char* text : {"", "0", "0h", "-5", "h", "30m1h", "1h1h", "2w", "1h30", "soon"}) {
    EXPECT_EQ(parse_duration_seconds(text), std::nullopt) << text;
  }
}

TEST(SlurmTime, has_the_forms_of_sbatch) {
  EXPECT_EQ(parse_slurm_time("30"), 1800) << "minutes";
  EXPECT_EQ(parse_slurm_time("30:05"), 1805) << "minutes and seconds";
  EXPECT_EQ(parse_slurm_time("04:00:01"), 14401);
  EXPECT_EQ(parse_slurm_time("1-0"), 86400);
  EXPECT_EQ(parse_slurm_time("1-12"), 129600) << "days and hours";
  EXPECT_EQ(parse_slurm_time("1-12:30"), 131400) << "days, hours and minutes";
  EXPECT_EQ(parse_slurm_time("1-12:30:05"), 131405);
  for (const char* text : {"",
                           "2h",
                           "1:2:3:4",
                           "1-",
                           "-1",
                           "a",
                           "1:",
                           "1:123",
                           "1-123",
                           "1-1-1",
                           "UNLIMITED",
                           "1-1:1:1:1"}) {
    EXPECT_EQ(parse_slurm_time(text), std::nullopt) << text;
  }
}

TEST(SlurmTime, of_any_length_is_read_without_a_deep_stack) {
  const std::string digits(1'000'000, '1');
  ASSERT_TRUE(parse_slurm_time(digits));
  EXPECT_TRUE(std::isfinite(*parse_slurm_time(digits)));
  EXPECT_EQ(parse_slurm_time(digits + "x"), std::nullopt);
}

}  // namespace
}  // namespace headway
