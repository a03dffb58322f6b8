#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

TEST(TextColumns, columns_are_as_wide_as_their_widest_cell_and_lines_end_without_spaces) {
  TextColumns columns({{"name"}, {"n", Align::kRight}, {"note"}});
  columns.add({"dot", "7", ""});
  columns.add({"cosine", "128", "fixed"});
  std::ostringstream out;
  columns.print(out);
  EXPECT_EQ(out.str(),
            "name      n  note\n"
            "dot       7\n"
            "cosine  128  fixed\n");
}

TEST(TextColumns, a_line_of_another_length_is_our_bug) {
  TextColumns columns({{"name"}});
  EXPECT_THROW(columns.add({"a", "b"}), std::logic_error);
}

TEST(TextColumns, width_counts_characters_rather_than_bytes) {
  EXPECT_EQ(display_width("0.91 ± 0.01"), 11U);
}

TEST(TextColumns, numbers_show_the_digits_that_they_need) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(0.0005), "0.0005");
  EXPECT_EQ(format_number(128), "128");
}

TEST(TextColumns, wrapping_breaks_at_spaces_and_never_within_a_word) {
  const std::vector<std::string> expected{"one two", "three", "unbreakable"};
  EXPECT_EQ(wrap("one two three unbreakable", 8), expected);
}

class TextTail : public testing::Test {
 protected:
  std::string tail(const std::string& text, std::uint64_t lines) {
    const auto file = directory_.path() / "log.txt";
    std::ofstream(file, std::ios::binary) << text;
    return text.substr(tail_offset(file, lines));
  }

  TemporaryDirectory directory_;
};

TEST_F(TextTail, gives_the_last_lines) {
  EXPECT_EQ(tail("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(tail("a\nb\nc\n", 0), "");
  EXPECT_EQ(tail("a\nb\nc\n", 3), "a\nb\nc\n");
  EXPECT_EQ(tail("a\nb\nc\n", 9), "a\nb\nc\n");
}

TEST_F(TextTail, a_last_line_without_its_newline_counts) {
  EXPECT_EQ(tail("a\nb\nc", 1), "c");
}

TEST_F(TextTail, empty_lines_are_lines) {
  EXPECT_EQ(tail("a\n\n\n", 2), "\n\n");
}

TEST_F(TextTail, works_across_the_blocks_that_it_reads) {
  std::string text;
  for (int line = 0; line < 40000; ++line) text += "line " + std::to_string(line) + "\n";
  const std::string expected = text.substr(text.find("line 10000\n"));
  EXPECT_EQ(tail(text, 30000), expected);
}

TEST_F(TextTail, an_empty_or_missing_file_has_no_lines) {
  EXPECT_EQ(tail("", 5), "");
  EXPECT_EQ(tail_offset(directory_.path() / "none", 5), 0U);
}

TEST_F(TextTail, the_last_lines_come_without_their_newlines) {
  const auto file = directory_.path() / "log.txt";
  std::ofstream(file) << "a\nb\nc\n";
  EXPECT_EQ(last_lines(file, 2), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(last_lines(directory_.path() / "none", 2).empty());
}

TEST(Lines, the_first_and_the_last_one_of_a_text) {
  EXPECT_EQ(first_line("a\nb"), "a");
  EXPECT_EQ(first_line("a"), "a");
  EXPECT_EQ(last_line("a\nb\n\n"), "b");
  EXPECT_EQ(last_line("a"), "a");
  EXPECT_EQ(last_line("\n"), "");
}

}  // namespace
}  // namespace headway
