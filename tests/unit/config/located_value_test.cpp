#include "config/yaml/located_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headway {
namespace {

using nlohmann::ordered_json;

/// `value` as JSON, scalars as texts.
ordered_json json_of(const LocatedValue& value) {
  if (value.is_null()) return nullptr;
  if (value.is_scalar()) return value.text;
  if (value.is_list()) {
    ordered_json list = ordered_json::array();
    for (const LocatedValue& item : value.items) list.push_back(json_of(item));
    return list;
  }
  ordered_json map = ordered_json::object();
  for (const LocatedValue::Entry& entry : value.entries) map[entry.key] = json_of(entry.value);
  return map;
}

LocatedValue value_of(const char* json) {
  return located_value_from_json(nlohmann::json::parse(json));
}

std::string merged(const char* json, const char* other) {
  LocatedValue value = value_of(json);
  merge_at(value, {"at"}, value_of(other), {});
  return json_of(value).dump();
}

TEST(LocatedValue, maps_are_merged_and_the_new_one_wins) {
  EXPECT_EQ(merged(R"({"at": {"b": "1", "c": {"x": "1", "y": "1"}}})",
                   R"({"a": "2", "b": "2", "c": {"y": "2", "z": "2"}, "d": "2"})"),
            R"({"at":{"b":"2","c":{"x":"1","y":"2","z":"2"},"a":"2","d":"2"}})");
  EXPECT_EQ(merged(R"({"at": {"b": "1"}})", R"(["2"])"), R"({"at":["2"]})");
  EXPECT_EQ(merged(R"({"at": ["1"]})", R"({"b": "2"})"), R"({"at":{"b":"2"}})");
  EXPECT_EQ(merged("{}", R"({"b": "2"})"), R"({"at":{"b":"2"}})");
  EXPECT_EQ(merged(R"({"at": {"b": "1"}})", "{}"), R"({"at":{"b":"1"}})");
}

TEST(LocatedValue, large_maps_are_merged_in_linear_time) {
  constexpr int kKeys = 100'000;
  const LocatedValue map = value_of("{}");
  LocatedValue root = map;
  LocatedValue other = map;
  for (int i = 0; i < kKeys; ++i) {
    root.entries.push_back({std::to_string(i), {}, {}});
    other.entries.push_back({std::to_string(i + kKeys / 2), {}, map});
  }
  merge_at(root, {}, other, {});
  ASSERT_EQ(root.entries.size(), 3U * kKeys / 2);
  EXPECT_TRUE(root.entries[0].value.is_null());
  EXPECT_TRUE(root.entries[kKeys / 2].value.is_map());
  EXPECT_EQ(root.entries.back().key, std::to_string(kKeys + kKeys / 2 - 1));
}

}  // namespace
}  // namespace headway
