#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/time.h"

namespace headway {
namespace {

using testing::HasSubstr;

// Lists, objects, and both in turn, one within the other.
std::string lists(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string objects(std::size_t depth) {
  std::string text = "1";
  for (std::size_t level = 0; level < depth; ++level) text = R"({"a":)" + text + "}";
  return text;
}

std::string both(std::size_t depth) {
  std::string text = "1";
  for (std::size_t level = 0; level < depth; ++level) {
    text = level % 2 == 0 ? "[" + text + "]" : R"({"a":)" + text + "}";
  }
  return text;
}

TEST(Json, is_read_as_it_stands) {
  EXPECT_EQ(parse_json(R"({"b": [1, 2.5, null], "a": "text"})").at("b").at(1), 2.5);
}

TEST(Json, that_is_none_is_an_error_of_json) {
  for (const char* text : {"", "{", "]", "]]]]", "[1,", R"({"a")", R"("open)", "nope", "1 2"}) {
    EXPECT_THROW(parse_json(text), nlohmann::json::exception) << text;
  }
}

TEST(Json, does_not_end_at_a_zero_byte) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {"1\0"sv, "1\0 2"sv, "\"a\0\""sv, "[1]\0{"sv}) {
    EXPECT_THROW(parse_json(text), nlohmann::json::exception);
  }
}

TEST(Json, may_be_nested_as_deep_as_the_limit) {
  static_assert(kMaximumDepth == 64);
  for (const std::string& text : {lists(64), objects(64), both(64)}) {
    EXPECT_NO_THROW(parse_json(text));
  }
}

TEST(Json, nested_deeper_is_refused) {
  for (const std::string& text : {lists(65), objects(65), both(65)}) {
    EXPECT_THROW(parse_json(text), nlohmann::json::exception);
  }
  try {
    parse_json(lists(65));
    FAIL() << "it was read";
  } catch (const nlohmann::json::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("nested deeper than 64"));
  }
}

TEST(Json, of_millions_of_open_brackets_is_refused_at_once) {
  const double start = monotonic_seconds();
  for (const std::string& text : {std::string(2'000'000, '['), lists(2'000'000)}) {
    EXPECT_THROW(parse_json(text), nlohmann::json::exception);
  }
  EXPECT_LT(monotonic_seconds() - start, 1);
}

TEST(Json, counts_what_is_open_rather_than_what_was_opened) {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) text += "[],{},";
  EXPECT_EQ(parse_json(text + "0]").size(), 2001U);
}

TEST(Json, brackets_within_strings_do_not_count) {
  const std::string brackets(1000, '[');
  EXPECT_EQ(parse_json("[\"" + brackets + "\"]").at(0), brackets);
  EXPECT_EQ(parse_json("{\"" + brackets + "\":1}").at(brackets), 1);
  EXPECT_EQ(parse_json(R"(["\")" + brackets + "\"]").at(0), "\"" + brackets);
}

TEST(Json, an_escaped_quote_does_not_hide_what_follows_the_string) {
  EXPECT_THROW(parse_json(R"(["\"",)" + lists(64) + "]"), nlohmann::json::exception);
  EXPECT_THROW(parse_json(R"(["\\",)" + lists(64) + "]"), nlohmann::json::exception);
  EXPECT_NO_THROW(parse_json(R"(["\"",)" + lists(63) + "]"));
  EXPECT_NO_THROW(parse_json(R"(["\\",)" + lists(63) + "]"));
}

TEST(Json, of_too_many_values_is_refused) {
  std::string text = "[0";
  for (std::size_t i = 0; i < kMostValues - 1; ++i) text += ",0";
  EXPECT_NO_THROW(parse_json(text + "]"));
  EXPECT_THROW(parse_json(text + ",0]"), nlohmann::json::exception);
}

TEST(Json, is_printed_whatever_bytes_its_texts_hold) {
  EXPECT_EQ(json_text(nlohmann::json{"a\xff", "\xc3\xa4"}), "[\"a\xef\xbf\xbd\",\"\xc3\xa4\"]");
  EXPECT_EQ(json_text(nlohmann::json{{"\xff", 1}}, 2), "{\n  \"\xef\xbf\xbd\": 1\n}");
  const nlohmann::ordered_json ordered{{"b", "\xff"}, {"a", 1}};
  EXPECT_EQ(json_text(ordered), "{\"b\":\"\xef\xbf\xbd\",\"a\":1}");
}

TEST(Json, shows_control_characters_and_keeps_them) {
  const nlohmann::json text = "\x1b\x7f\xc2\x80\xc2\x9f\xc2\xa0";
  EXPECT_EQ(json_text(text), "\"\\u001b\\u007f\\u0080\\u009f\xc2\xa0\"");
  EXPECT_EQ(parse_json(json_text(text)), text);
}

TEST(Json, integers_are_those_of_their_range_alone) {
  const IntegerRange range{-1, 10};
  EXPECT_EQ(integer_in(parse_json("-1"), range), -1);
  EXPECT_EQ(integer_in(parse_json("10"), range), 10);
  for (const char* text : {"-2",
                           "11",
                           "1.0",
                           "1e300",
                           "true",
                           "null",
                           "\"1\"",
                           "[1]",
                           "4294967296",
                           "9223372036854775808",
                           "18446744073709551615"}) {
    EXPECT_THROW(integer_in(parse_json(text), range), nlohmann::json::exception) << text;
  }
  EXPECT_EQ(integer_in(parse_json("9007199254740992"), kWholeRange), 9007199254740992);
  EXPECT_EQ(integer_in(parse_json("-9007199254740992"), kWholeRange), -9007199254740992);
  for (const char* text : {"9007199254740993", "18446744073709551615", "-9223372036854775808"}) {
    EXPECT_THROW(integer_in(parse_json(text), kWholeRange), nlohmann::json::exception) << text;
  }
}

}  // namespace
}  // namespace headway
