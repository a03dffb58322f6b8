#include "config/sweep/exclusions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "config/sweep/keys.h"
#include "config/yaml/scalars.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

/// Nested maps become dotted keys.
void read_conditions(const LocatedValue::Entry& entry,
                     const std::string& prefix,
                     Exclusion& exclusion,
                     Problems& problems) {
  LocatedValue::Entry full = entry;
  full.key = current_key(prefix + entry.key);
  if (entry.value.is_map()) {
    for (const LocatedValue::Entry& inner : entry.value.entries) {
      read_conditions(inner, full.key + ".", exclusion, problems);
    }
    return;
  }
  if (!is_trial_key(full.key)) {
    problems.push_back(
        {entry.key_place,
         fmt::format("unknown key '{}' of a trial{}", full.key, trial_key_suggestion(full.key))});
    return;
  }
  Exclusion::Condition condition{split_key(full.key), {entry.value}};
  if (entry.value.is_list()) condition.values = entry.value.items;
  for (const LocatedValue& value : condition.values) {
    // A misspelt value would match nothing and never be noticed.
    LocatedValue trial;
    merge_at(trial, condition.path, value, entry.key_place);
    Problems found;
    if (!value.is_null()) read_trial(trial, found);
    std::ranges::copy_if(found, std::back_inserter(problems), [](const Problem& problem) {
      return !problem.about_combination;
    });
  }
  exclusion.conditions.push_back(std::move(condition));
}

bool equals(const LocatedValue& value, const nlohmann::json& json) {
  if (value.is_null()) return json.is_null();
  if (json.is_number()) return value.is_scalar() && parse_number(value.text) == json.get<double>();
  if (json.is_boolean()) return value.is_scalar() && parse_flag(value.text) == json.get<bool>();
  if (json.is_string())
    return value.is_scalar() && value.text == json.get_ref<const std::string&>();
  if (!json.is_array() || !value.is_list()) return false;
  return std::ranges::equal(value.items, json, equals);
}

const nlohmann::json& leaf_at(const nlohmann::json& trial, const std::vector<std::string>& path) {
  static const nlohmann::json absent;
  const nlohmann::json* node = &trial;
  for (const std::string& key : path) {
    const auto found = node->find(key);
    if (found == node->end()) return absent;
    node = &*found;
  }
  return *node;
}

}  // namespace

std::vector<Exclusion> read_exclusions(const LocatedValue& list, Problems& problems) {
  std::vector<Exclusion> exclusions;
  for (const LocatedValue& item : items_or_itself(list)) {
    Exclusion exclusion{.place = item.place, .conditions = {}};
    for (const LocatedValue::Entry& entry : expect_map(item, "sweep.exclude", problems)) {
      read_conditions(entry, "", exclusion, problems);
    }
    if (item.entries.empty()) {
      problems.push_back({item.place, "sweep.exclude: an empty entry would exclude everything"});
    }
    exclusions.push_back(std::move(exclusion));
  }
  return exclusions;
}

bool matches(const Exclusion& exclusion, const nlohmann::json& trial) {
  return std::ranges::all_of(exclusion.conditions, [&](const Exclusion::Condition& condition) {
    const nlohmann::json& leaf = leaf_at(trial, condition.path);
    return std::ranges::any_of(condition.values,
                               [&](const LocatedValue& value) { return equals(value, leaf); });
  });
}

}  // namespace headway
