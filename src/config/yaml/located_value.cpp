#include "config/yaml/located_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/text.h"

namespace headway {
namespace {

void merge_into(LocatedValue& target, const LocatedValue& value) {
  if (!target.is_map() || !value.is_map()) {
    target = value;
    return;
  }
  // Room for all, so that what `known` points at stays where it is.
  target.entries.reserve(target.entries.size() + value.entries.size());
  std::unordered_map<std::string_view, LocatedValue::Entry*> known;
  for (LocatedValue::Entry& entry : target.entries) known.emplace(entry.key, &entry);
  for (const LocatedValue::Entry& entry : value.entries) {
    const auto old = known.find(entry.key);
    if (old == known.end()) {
      target.entries.push_back(entry);
    } else {
      old->second->key_place = entry.key_place;
      merge_into(old->second->value, entry.value);
    }
  }
}

LocatedValue scalar(std::string text, bool quoted) {
  LocatedValue value;
  value.kind = LocatedValue::Kind::kScalar;
  value.quoted = quoted;
  value.text = std::move(text);
  return value;
}

}  // namespace

std::string Place::prefix() const {
  if (source == nullptr) return "";
  if (line == 0) return fmt::format("{}: ", *source);
  return fmt::format("{}:{}:{}: ", *source, line, column);
}

const LocatedValue::Entry* LocatedValue::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

LocatedValue::Entry* LocatedValue::find(std::string_view key) {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

bool LocatedValue::erase(std::string_view key) {
  return std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; }) > 0;
}

std::string describe(const LocatedValue& value) {
  switch (value.kind) {
    case LocatedValue::Kind::kNull:
      return "nothing";
    case LocatedValue::Kind::kScalar:
      return in_quotes(value.text);
    case LocatedValue::Kind::kList:
      return "a list";
    case LocatedValue::Kind::kMap:
      return "a mapping";
  }
  return "";
}

LocatedValue located_value_from_json(const nlohmann::json& json) {
  LocatedValue value;
  if (json.is_null()) return value;
  if (json.is_string()) return scalar(json.get<std::string>(), true);
  if (json.is_array()) {
    value.kind = LocatedValue::Kind::kList;
    value.items.reserve(json.size());
    for (const nlohmann::json& item : json) value.items.push_back(located_value_from_json(item));
    return value;
  }
  if (json.is_object()) {
    value.kind = LocatedValue::Kind::kMap;
    value.entries.reserve(json.size());
    for (const auto& [key, item] : json.items()) {
      value.entries.push_back({key, {}, located_value_from_json(item)});
    }
    return value;
  }
  return scalar(json.dump(), false);
}

std::span<const LocatedValue> items_or_itself(const LocatedValue& value) {
  if (value.is_null()) return {};
  if (value.is_list()) return value.items;
  return {&value, 1};
}

std::vector<std::string> split_key(std::string_view dotted_key) {
  std::vector<std::string> path;
  std::size_t begin = 0;
  for (std::size_t dot = dotted_key.find('.'); dot != std::string_view::npos;
       dot = dotted_key.find('.', begin)) {
    path.emplace_back(dotted_key.substr(begin, dot - begin));
    begin = dot + 1;
  }
  path.emplace_back(dotted_key.substr(begin));
  return path;
}

void merge_at(LocatedValue& root,
              const std::vector<std::string>& path,
              const LocatedValue& value,
              const Place& key_place) {
  LocatedValue* node = &root;
  for (const std::string& key : path) {
    if (node->is_null()) node->kind = LocatedValue::Kind::kMap;
    if (!node->is_map()) return;
    LocatedValue::Entry* entry = node->find(key);
    if (entry == nullptr) {
      node->entries.push_back({key, key_place, {}});
      entry = &node->entries.back();
      entry->value.place = key_place;
    }
    if (&key == &path.back()) entry->key_place = key_place;
    node = &entry->value;
  }
  merge_into(*node, value);
}

const LocatedValue::Entry* find_at(const LocatedValue& root, const std::vector<std::string>& path) {
  const LocatedValue* node = &root;
  const LocatedValue::Entry* entry = nullptr;
  for (const std::string& key : path) {
    entry = node->find(key);
    if (entry == nullptr) return nullptr;
    node = &entry->value;
  }
  return entry;
}

bool erase_at(LocatedValue& root, const std::vector<std::string>& path) {
  LocatedValue* node = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    LocatedValue::Entry* entry = node->find(path[i]);
    if (entry == nullptr) return false;
    node = &entry->value;
  }
  return node->erase(path.back());
}

}  // namespace headway
