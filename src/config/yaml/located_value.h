#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// Where a value was written. `source` must outlive the place.
struct Place {
  const std::string* source = nullptr;  // a file, or "command line: 'TEXT'"; null: nowhere (JSON)
  int line = 0;                         // from 1; 0: the source as a whole
  int column = 0;                       // from 1

  /// "FILE:LINE:COLUMN: ", "FILE: ", or "".
  std::string prefix() const;
};

/// A YAML or JSON value before it has a type, with the place where it stands. Scalars are kept as
/// they were written: only the field that reads one knows what it should be.
struct LocatedValue {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  bool quoted = false;  // a scalar in quotes
  Place place;
  std::string text;                 // kScalar
  std::vector<LocatedValue> items;  // kList
  std::vector<Entry> entries;       // kMap, in file order, keys unique

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  /// Null when this is no map or has no such key.
  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
  /// True when there was such a key.
  bool erase(std::string_view key);
};

struct LocatedValue::Entry {
  std::string key;
  Place key_place;
  LocatedValue value;
};

/// "'abc'", "a list", "a mapping", "nothing": what was found, for messages.
std::string describe(const LocatedValue& value);

LocatedValue located_value_from_json(const nlohmann::json& json);

/// The items of a list, or the value itself where one stands without the list around it; none of
/// null.
std::span<const LocatedValue> items_or_itself(const LocatedValue& value);

/// {"a", "b"} for "a.b".
std::vector<std::string> split_key(std::string_view dotted_key);

/// Puts `value` at `path` below `root` and makes maps on the way. Two maps are merged, the new
/// one winning; where something other than a map stands in the way nothing happens.
void merge_at(LocatedValue& root,
              const std::vector<std::string>& path,
              const LocatedValue& value,
              const Place& key_place);

/// The entry at `path`, or null.
const LocatedValue::Entry* find_at(const LocatedValue& root, const std::vector<std::string>& path);
/// True when there was one.
bool erase_at(LocatedValue& root, const std::vector<std::string>& path);

}  // namespace headway
