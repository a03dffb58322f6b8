#include "base/utf8.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(Utf8, code_points_of_every_length_are_read) {
  EXPECT_EQ(first_code_point("a").value, U'a');
  EXPECT_EQ(first_code_point("\xc3\xa9").value, U'\u00e9');
  EXPECT_EQ(first_code_point("\xe2\x82\xac").value, U'\u20ac');
  EXPECT_EQ(first_code_point("\xf0\x9f\x98\x80").value, U'\U0001f600');
  EXPECT_EQ(first_code_point("\xf0\x9f\x98\x80").bytes, 4u);
}

TEST(Utf8, the_first_byte_that_is_none_is_found) {
  EXPECT_EQ(first_byte_that_is_no_utf8("a\xc3\xa9z"), std::nullopt);
  EXPECT_EQ(first_byte_that_is_no_utf8(""), std::nullopt);
  // alone, cut off, too long a form, a surrogate, beyond the last code point
  for (const char* wrong :
       {"\xff", "\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(first_byte_that_is_no_utf8(std::string("ab") + wrong), 2u);
  }
}

}  // namespace
}  // namespace headway
