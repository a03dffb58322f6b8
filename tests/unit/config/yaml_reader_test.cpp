#include "config/yaml/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST_F(YamlReader, an_empty_file_is_null) {
  EXPECT_TRUE(parse("").is_null());
  EXPECT_TRUE(parse("# only a comment\n").is_null());
}

}  // namespace
}  // namespace headway
