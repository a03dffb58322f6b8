#include "config/yaml/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/errors.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class YamlReader : public testing::Test {
 protected:
  LocatedValue parse(const std::string& text) { return parse_yaml(text, source_, problems_); }
  std::string place(const LocatedValue& value) const { return value.place.prefix(); }

  const std::string source_ = "f";
  Problems problems_;
};

TEST_F(YamlReader, places_count_from_one) {
  const LocatedValue value = parse("a: 1\nb:\n  - x\n  - {c: 'y'}\n");
  EXPECT_EQ(value.find("a")->key_place.prefix(), "f:1:1: ");
  EXPECT_EQ(place(value.find("a")->value), "f:1:4: ");
  const LocatedValue& list = value.find("b")->value;
  EXPECT_EQ(place(list.items[0]), "f:3:5: ");
  EXPECT_EQ(place(list.items[1].find("c")->value), "f:4:9: ");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(YamlReader, quotes_make_a_text_of_a_null) {
  const LocatedValue value = parse("{a: ~, b: null, c: , d: 'null'}");
  EXPECT_TRUE(value.find("a")->value.is_null());
  EXPECT_TRUE(value.find("b")->value.is_null());
  EXPECT_TRUE(value.find("c")->value.is_null());
  EXPECT_EQ(value.find("d")->value.text, "null");
}

TEST_F(YamlReader, of_duplicate_keys_the_first_stays) {
  const LocatedValue value = parse("a: 1\nb: 2\na: {c: 3}\n");
  EXPECT_EQ(value.find("a")->value.text, "1");
  EXPECT_EQ(value.entries.size(), 2);
  ASSERT_EQ(problems_.size(), 1);
  EXPECT_EQ(problems_[0].place.prefix(), "f:3:1: ");
}

TEST_F(YamlReader, own_keys_win_over_merged_ones_and_earlier_over_later_maps) {
  const LocatedValue value = parse(R"(
one: &one {a: 1, b: 1}
two: &two {a: 2, c: 2}
both: {<<: [*one, *two], b: 0}
)");
  const LocatedValue& both = value.find("both")->value;
  EXPECT_EQ(both.find("a")->value.text, "1");
  EXPECT_EQ(both.find("b")->value.text, "0");
  EXPECT_EQ(both.find("c")->value.text, "2");
  EXPECT_EQ(both.find("<<"), nullptr);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(YamlReader, a_merge_of_something_else_is_a_problem) {
  parse("a: {<<: 3}");
  ASSERT_EQ(problems_.size(), 1);
  EXPECT_THAT(problems_[0].message, HasSubstr("'<<' expects a mapping, found '3'"));
}

TEST_F(YamlReader, syntax_errors_have_a_place) {
  for (const char* text : {"a: [1, 2", "a: {b: 1", "\ta: 1", "a: 'b", "a: b: c", "a: *b"}) {
    try {
      parse(text);
      ADD_FAILURE() << text;
    } catch (const ConfigErrors& error) {
      EXPECT_THAT(error.what(), HasSubstr("f:1:")) << text;
    }
  }
}

TEST_F(YamlReader, deep_nesting_is_refused_not_fatal) {
  EXPECT_THROW(parse(std::string(100000, '[')), ConfigError);
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST_F(YamlReader, depth_is_limited_whatever_it_is_made_of) {
  EXPECT_NO_THROW(parse(repeated("[", 64) + repeated("]", 64)));
  for (const std::string& text : {repeated("[", 65) + repeated("]", 65),
                                  repeated("{a: ", 65) + repeated("}", 65),
                                  repeated("- ", 65) + "x",
                                  repeated("[", 1000000),
                                  repeated("- ", 1000000)}) {
    EXPECT_THROW(parse(text), ConfigError);
  }
  // Aliases within aliases: each doubles the depth.
  std::string aliases = "a0: &a0 " + repeated("[", 30) + repeated("]", 30) + "\n";
  aliases += "a1: " + repeated("[", 40) + "*a0" + repeated("]", 40) + "\n";
  EXPECT_THROW(parse(aliases), ConfigError);
}

TEST_F(YamlReader, aliases_do_not_take_more_than_their_share_of_memory) {
  std::string nodes = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) nodes += fmt::format("a{0}: &a{0} [*a{1}, *a{1}]\n", i, i - 1);
  EXPECT_THROW(parse(nodes), ConfigError);
  const std::string texts =
      "a: &a '" + repeated("x", 100000) + "'\nb: [" + repeated("*a, ", 100000) + "]\n";
  EXPECT_THROW(parse(texts), ConfigError);
  std::string nested;  // each level is kept under its anchor
  for (int i = 0; i < 60; ++i) nested += fmt::format("&a{} [", i);
  EXPECT_THROW(parse(nested + repeated("x, ", 100000) + repeated("]", 60)), ConfigError);
  std::string merged = "d: &d {" + [] {
    std::string keys;
    for (int i = 0; i < 20000; ++i) keys += fmt::format("k{}: 1, ", i);
    return keys;
  }() + "}\nl:\n";
  merged += repeated("  - {<<: *d}\n", 1000);
  EXPECT_THROW(parse(merged), ConfigError);
}

TEST_F(YamlReader, a_hundred_thousand_keys_are_read_in_linear_time) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += fmt::format("key{}: {}\n", i, i);
  EXPECT_EQ(parse(text).entries.size(), 100000);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(YamlReader, bytes_that_are_no_utf8_are_refused_with_their_place) {
  try {
    parse("a: \xc3\xa9\nb: \xff\n");
    FAIL() << "read";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "f:2:4: expected UTF-8, found the byte 0xff");
  }
}

TEST_F(YamlReader, an_empty_file_is_null) {
  EXPECT_TRUE(parse("").is_null());
  EXPECT_TRUE(parse("# only a comment\n").is_null());
}

}  // namespace
}  // namespace headway
