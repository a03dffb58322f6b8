#include "base/errors.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace headway {
namespace {

TEST(Errors, several_config_errors_are_told_one_per_line) {
  const ConfigErrors errors({"a: wrong", "b: wrong"});
  EXPECT_STREQ(errors.what(), "a: wrong\nb: wrong");
  EXPECT_EQ(errors.messages().size(), 2);
  EXPECT_THROW(throw ConfigErrors({"x"}), ConfigError);
}

TEST(Errors, an_expectation_that_fails_is_our_bug) {
  EXPECT_NO_THROW(expects(true, "fine"));
  EXPECT_THROW(expects(false, "two is two"), std::logic_error);
}

TEST(Errors, errno_becomes_text) {
  errno = ENOSPC;
  try {
    throw_errno("write", "/file");
  } catch (const EnvironmentError& error) {
    EXPECT_STREQ(error.what(), "/file: write failed: No space left on device");
  }
}

TEST(Errors, a_full_disk_is_told_apart_from_a_broken_one) {
  for (const int full : {ENOSPC, EDQUOT}) {
    errno = full;
    EXPECT_THROW(throw_errno("write", "/file"), DiskFullError);
  }
  errno = EIO;
  try {
    throw_errno("write", "/file");
  } catch (const DiskFullError&) {
    FAIL() << "a broken disk is not a full one";
  } catch (const EnvironmentError& error) {
    EXPECT_STREQ(error.what(), "/file: write failed: Input/output error");
  }
}

TEST(Errors, a_damaged_store_is_told_apart_from_other_troubles) {
  EXPECT_THROW(throw StoreError("locked"), EnvironmentError);
}

}  // namespace
}  // namespace headway
