#include "base/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace headway {
namespace {

TEST(ProgressBar, it_fills_from_the_left_and_never_overflows) {
  EXPECT_EQ(progress_bar(0), "[........................]");
  EXPECT_EQ(progress_bar(0.5), "[############............]");
  EXPECT_EQ(progress_bar(2), "[########################]");
}

TEST(RedrawnLines, lines_take_the_place_of_those_before) {
  std::ostringstream out;
  RedrawnLines lines(out);
  lines.clear();
  EXPECT_EQ(out.str(), "") << "nothing was drawn";
  lines.draw({"a", "b"});
  lines.draw({"c"});
  EXPECT_EQ(out.str(), "a\nb\n\x1b[2F\x1b[Jc\n");
  lines.clear();
  lines.clear();
  EXPECT_EQ(out.str(), "a\nb\n\x1b[2F\x1b[Jc\n\x1b[1F\x1b[J") << "erased once";
}

}  // namespace
}  // namespace headway
