#include <gmock/gmock.h>
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

TEST(TextColumns, what_a_terminal_would_obey_is_written_out) {
  TextColumns columns({{"name"}, {"note"}});
  columns.add({"\x1b[2Jred", "two\nlines"});
  columns.add({"dot", ""});
  std::ostringstream out;
  columns.print(out);
  EXPECT_EQ(out.str(),
            "name        note\n"
            "\\x1b[2Jred  two\\nlines\n"
            "dot\n");
}

TEST(Printable, text_for_people_stays_as_it_is) {
  const std::string texts[] = {"",
                               "plain text, 'quoted' and \"so\"",
                               "back\\slash",
                               "0.91 \u00b1 0.01",        // 2 bytes
                               "\u2264 \u4e2d\u6587",     // 3
                               "\U0001f600 \U0010fffd"};  // 4
  for (const std::string& text : texts) EXPECT_EQ(printable(text), text);
}

TEST(Printable, control_characters_are_written_out) {
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), R"(\x1b[31mred\x1b[0m)");
  EXPECT_EQ(printable("\a\b\r"), R"(\x07\x08\x0d)");
  EXPECT_EQ(printable("\x7f"), R"(\x7f)");
  EXPECT_EQ(printable(std::string("a\0b", 3)), R"(a\x00b)");
  EXPECT_EQ(printable("\u009b2J"), R"(\u009b2J)") << "C1: an ESC [ of its own";
}

TEST(Printable, newlines_and_tabs_are_kept_when_asked_for) {
  EXPECT_EQ(printable("a\n\tb"), R"(a\n\tb)");
  EXPECT_EQ(printable("a\n\tb\x1b", Newlines::kKeep), "a\n\tb\\x1b");
  EXPECT_EQ(printable("a\rb", Newlines::kKeep), R"(a\x0db)") << "it would hide the a";
}

TEST(Printable, what_reorders_or_hides_text_is_written_out) {
  EXPECT_EQ(printable("a\u202eb"), R"(a\u202eb)");
  EXPECT_EQ(printable("\u2066\u2069"), R"(\u2066\u2069)");
  EXPECT_EQ(printable("\u200b\u200f\ufeff"), R"(\u200b\u200f\ufeff)");
  EXPECT_EQ(printable("\u2028\u2029"), R"(\u2028\u2029)");
}

TEST(Printable, bytes_that_are_no_utf8_are_written_out_one_by_one) {
  EXPECT_EQ(printable("\xff\xfe"), R"(\xff\xfe)");
  EXPECT_EQ(printable("a\x9b\x62"), R"(a\x9bb)") << "a byte in the middle of nothing";
  EXPECT_EQ(printable("\xe2\x82"), R"(\xe2\x82)") << "cut off";
  EXPECT_EQ(printable("\xc3("), R"(\xc3()");
  EXPECT_EQ(printable("\xc0\x9b\xe0\x80\x9b\xf0\x80\x80\x9b"),
            R"(\xc0\x9b\xe0\x80\x9b\xf0\x80\x80\x9b)")
      << "overlong: ESC for lenient readers";
  EXPECT_EQ(printable("\xed\xa0\x80"), R"(\xed\xa0\x80)") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)") << "beyond U+10FFFF";
}

TEST(Printable, printed_twice_is_printed_once) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string once = printable(std::string(1, static_cast<char>(byte)) + "\u202e");
    EXPECT_EQ(printable(once), once);
  }
}

TEST(InQuotes, text_stands_between_quotes_and_is_printable) {
  EXPECT_EQ(in_quotes("a b"), "'a b'");
  EXPECT_EQ(in_quotes(""), "''");
  EXPECT_EQ(in_quotes("\x1b\n"), R"('\x1b\n')");
}

TEST(InQuotes, long_text_is_cut_and_its_length_told) {
  const std::string fits(100, 'a');
  EXPECT_EQ(in_quotes(fits), "'" + fits + "'");
  EXPECT_EQ(in_quotes(fits + "b"), "'" + fits + "...' (101 bytes)");
  EXPECT_LT(in_quotes(std::string(1'000'000, '\x1b')).size(), 500U);
}

TEST(InQuotes, long_text_is_not_cut_within_a_character) {
  const std::string begin(98, 'a');
  const std::string end(50, 'b');
  EXPECT_EQ(in_quotes(begin + "\u4e2d" + end), "'" + begin + "...' (151 bytes)");
  EXPECT_EQ(in_quotes(begin + "\u00b1" + end), "'" + begin + "\u00b1...' (150 bytes)");
  EXPECT_THAT(in_quotes(std::string(200, '\x80')), testing::HasSubstr("(200 bytes)"));
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

TEST_F(TextTail, a_line_without_end_is_read_from_its_last_bytes) {
  const auto file = directory_.path() / "log.txt";
  std::string bars;
  for (int step = 0; step < 10000; ++step) bars += "step " + std::to_string(step) + "\r";
  std::ofstream(file) << "begin\n" << bars << "\nend\n";
  const std::vector<std::string> lines = last_lines(file, 3);
  ASSERT_EQ(lines.size(), 2U) << "the bars fill three lines and more";
  EXPECT_THAT(lines[0], testing::StartsWith("..."));
  EXPECT_THAT(lines[0], testing::EndsWith("\rstep 9999\r"));
  EXPECT_LE(lines[0].size(), 3 * 4096U);
  EXPECT_EQ(lines[1], "end");
}

TEST_F(TextTail, lines_that_just_fit_are_whole) {
  const auto file = directory_.path() / "log.txt";
  const std::string line(4095, 'x');
  std::ofstream(file) << "before\n" << line << "\n" << line << "\n";
  EXPECT_EQ(last_lines(file, 2), (std::vector<std::string>{line, line}));
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
