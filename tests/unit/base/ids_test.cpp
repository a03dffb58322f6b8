#include "base/ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/errors.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no ConfigError";
}

template <typename Id>
class HexIds : public testing::Test {};
using HexIdTypes = testing::Types<TrialId, CellId>;
TYPED_TEST_SUITE(HexIds, HexIdTypes);

TYPED_TEST(HexIds, are_twelve_lower_case_digits) {
  for (const char* text : {"0123456789ab", "000000000000", "ffffffffffff"}) {
    EXPECT_EQ(TypeParam(text).text(), text);
    EXPECT_EQ(TypeParam::from(text)->text(), text);
  }
}

TYPED_TEST(HexIds, are_nothing_else) {
  const std::vector<std::string> others{"",
                                        "0123456789a",
                                        "0123456789abc",
                                        "0123456789AB",
                                        "0123456789ag",
                                        "../../../victim",
                                        "../../../vic",
                                        "0123456789/b",
                                        "0123456789.b",
                                        "0123456789a\n",
                                        "0123456789ab\n",
                                        "\x1b[31m3456789",
                                        " 123456789ab",
                                        std::string("0123456789a\0", 12),
                                        std::string("0123456789ab\0", 13)};
  for (const std::string& text : others) {
    EXPECT_THROW(TypeParam{text}, ConfigError) << text;
    EXPECT_FALSE(TypeParam::from(text)) << text;
  }
}

TYPED_TEST(HexIds, refuse_with_what_was_found_and_expected) {
  EXPECT_THAT(message_of([] { TypeParam("../../../victim"); }),
              HasSubstr("'../../../victim' is no "));
  EXPECT_THAT(message_of([] { TypeParam("../../../victim"); }),
              HasSubstr("id: expected 12 of the digits 0-9 and a-f"));
  EXPECT_THAT(message_of([] { TypeParam("\x1b[2J"); }), HasSubstr(R"('\x1b[2J' is no )"));
  EXPECT_THAT(message_of([] { TypeParam(std::string(100000, 'a')); }).size(), testing::Lt(300U));
}

template <typename Name>
class PlainNames : public testing::Test {};
using PlainNameTypes = testing::Types<SweepName, GroupName, SupervisorId>;
TYPED_TEST_SUITE(PlainNames, PlainNameTypes);

TYPED_TEST(PlainNames, are_letters_digits_and_a_few_marks) {
  for (const std::string& text : {std::string("a"),
                                  std::string("Margins-of_v1.2"),
                                  std::string("node7-1a2b3c4d-0"),
                                  std::string("_"),
                                  std::string("0.1"),
                                  std::string("a..b"),
                                  std::string(128, 'x')}) {
    EXPECT_EQ(TypeParam(text).text(), text);
    EXPECT_EQ(TypeParam::from(text)->text(), text);
  }
}

TYPED_TEST(PlainNames, are_nothing_that_leads_elsewhere_or_means_more_than_text) {
  const std::vector<std::string> others{"",
                                        ".",
                                        "..",
                                        "../../../victim",
                                        "/etc/passwd",
                                        "a/b",
                                        "a\\b",
                                        ".hidden",
                                        "-rf",
                                        "a b",
                                        "a\nb",
                                        "a\n",
                                        "\x1b[31mred",
                                        "=1+2",
                                        "<b>",
                                        "a;b",
                                        "$(a)",
                                        "a*",
                                        "h\xc3\xa4user",
                                        std::string("a\0b", 3),
                                        std::string(129, 'x')};
  for (const std::string& text : others) {
    EXPECT_THROW(TypeParam{text}, ConfigError) << text;
    EXPECT_FALSE(TypeParam::from(text)) << text;
  }
}

TYPED_TEST(PlainNames, refuse_with_what_was_found_and_expected) {
  EXPECT_THAT(message_of([] { TypeParam("../../../victim"); }),
              HasSubstr("'../../../victim' is no "));
  EXPECT_THAT(message_of([] { TypeParam("-rf"); }), HasSubstr("neither '-' nor '.' first"));
}

template <typename Text>
class CheckedTexts : public testing::Test {};
using CheckedTextTypes = testing::Types<TrialId, CellId, SweepName, GroupName, SupervisorId>;
TYPED_TEST_SUITE(CheckedTexts, CheckedTextTypes);

TYPED_TEST(CheckedTexts, made_of_nothing_hold_what_fits) {
  const TypeParam none;
  EXPECT_EQ(TypeParam(none.text()), none);
}

TYPED_TEST(CheckedTexts, make_the_round_trip_through_json) {
  const TypeParam one("0123456789ab");
  EXPECT_EQ(nlohmann::json(one).dump(), R"("0123456789ab")");
  EXPECT_EQ(nlohmann::json(one).template get<TypeParam>(), one);
  EXPECT_EQ(nlohmann::ordered_json(one).template get<TypeParam>(), one);
}

TYPED_TEST(CheckedTexts, of_json_that_holds_none_are_an_error_of_json) {
  const std::vector<nlohmann::json> others{
      "../../../victim", "", "a\nb", "\x1b[2J", 7, nullptr, true, nlohmann::json::array()};
  for (const nlohmann::json& json : others) {
    EXPECT_THROW(json.template get<TypeParam>(), nlohmann::json::exception) << json;
  }
  try {
    nlohmann::json("../../../victim").template get<TypeParam>();
    FAIL() << "a path was read";
  } catch (const nlohmann::json::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("'../../../victim' is no "));
  }
}

TYPED_TEST(CheckedTexts, compare_print_and_hash_as_their_text) {
  const TypeParam one("0123456789ab");
  const TypeParam other("123456789abc");
  EXPECT_LT(one, other);
  EXPECT_NE(one, other);
  EXPECT_EQ(one, "0123456789ab");
  EXPECT_EQ(fmt::format("[{:>14}]", one), "[  0123456789ab]");
  EXPECT_EQ(testing::PrintToString(one), "0123456789ab");
  const std::unordered_set<TypeParam> set{one, other, one};
  EXPECT_EQ(set.size(), 2U);
}

TEST(Ids, say_which_kind_was_refused) {
  EXPECT_THAT(TrialId::refusal("x"), HasSubstr("no trial id"));
  EXPECT_THAT(CellId::refusal("x"), HasSubstr("no cell id"));
  EXPECT_THAT(SweepName::refusal(""), HasSubstr("no name of a sweep"));
  EXPECT_THAT(GroupName::refusal(""), HasSubstr("no name of a worker group"));
  EXPECT_THAT(SupervisorId::refusal(""), HasSubstr("no supervisor's id"));
}

TEST(PlainNameFrom, keeps_what_is_one) {
  EXPECT_EQ(plain_name_from("node7.cluster"), "node7.cluster");
  EXPECT_EQ(plain_name_from(std::string(128, 'x')), std::string(128, 'x'));
}

TEST(PlainNameFrom, replaces_what_a_plain_name_may_not_hold) {
  EXPECT_EQ(plain_name_from("my node"), "my_node");
  EXPECT_EQ(plain_name_from("a/b"), "a_b");
  EXPECT_EQ(plain_name_from(".hidden"), "_.hidden");
  EXPECT_EQ(plain_name_from("-rf"), "_-rf");
  EXPECT_EQ(plain_name_from(""), "_");
}

TEST(PlainNameFrom, always_gives_a_plain_name) {
  std::vector<std::string> texts{"", ".", "..", "-", "../../../victim", "\x1b[2J", "\xff\xfe"};
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    texts.emplace_back(1, c);
    texts.push_back(std::string("a") + c);
    texts.emplace_back(127, c);
    texts.emplace_back(128, c);
    texts.emplace_back(1000, c);
  }
  for (const std::string& text : texts) {
    const std::string name = plain_name_from(text);
    EXPECT_TRUE(is_plain_name(name)) << name;
    EXPECT_EQ(plain_name_from(name), name);
  }
}

}  // namespace
}  // namespace headway
