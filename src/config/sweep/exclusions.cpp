#include "config/sweep/exclusions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "config/sweep/axes.h"
#include "config/sweep/keys.h"
#include "config/yaml/scalars.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

bool is_seed(const std::vector<std::string>& path) {
  return path.size() == 1 && path.front() == "seed";
}

// A value's key is equal to that of an equal one, however both are written; others may share it.

std::string text_key(std::string_view text) {
  if (const auto number = parse_number(text)) return fmt::format("{}", *number);
  if (const auto flag = parse_flag(text)) return *flag ? "true" : "false";
  return std::string(text);
}

std::string value_key(const LocatedValue& value) {
  if (value.is_scalar()) return text_key(value.text);
  if (!value.is_list()) return "";
  std::vector<std::string> items;
  for (const LocatedValue& item : value.items) items.push_back(value_key(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string value_key(const nlohmann::json& value) {
  if (value.is_number()) return fmt::format("{}", value.get<double>() + 0.0);
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_string()) return text_key(value.get_ref<const std::string&>());
  if (!value.is_array()) return "";
  std::vector<std::string> items;
  for (const nlohmann::json& item : value) items.push_back(value_key(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

class ExclusionReader {
 public:
  explicit ExclusionReader(Problems& problems) : problems_(problems) {}

  Exclusion read(const LocatedValue& item) {
    Exclusion exclusion{.place = item.place, .conditions = {}};
    for (const LocatedValue::Entry& entry : expect_map(item, "sweep.exclude", problems_)) {
      read_conditions(entry, "", exclusion);
    }
    if (item.entries.empty()) {
      problems_.push_back({item.place, "sweep.exclude: an empty entry would exclude everything"});
    }
    return exclusion;
  }

 private:
  /// Nested maps become dotted keys.
  void read_conditions(const LocatedValue::Entry& entry,
                       const std::string& prefix,
                       Exclusion& exclusion) {
    const std::string key = current_key(prefix + entry.key);
    if (entry.value.is_map()) {
      for (const LocatedValue::Entry& inner : entry.value.entries) {
        read_conditions(inner, key + ".", exclusion);
      }
      return;
    }
    if (!is_trial_key(key)) {
      problems_.push_back(
          {entry.key_place,
           fmt::format("unknown key '{}' of a trial{}", key, trial_key_suggestion(key))});
      return;
    }
    Exclusion::Condition condition{split_key(key), {}};
    const std::span<const LocatedValue> values =
        entry.value.is_list() ? entry.value.items : std::span(&entry.value, 1);
    for (const LocatedValue& value : values) {
      check(key, value, entry.key_place);
      condition.values.emplace(value_key(value), value);
    }
    exclusion.conditions.push_back(std::move(condition));
  }

  /// A misspelt value would match nothing and never be noticed.
  void check(const std::string& key, const LocatedValue& value, const Place& key_place) {
    const std::string written = fmt::format("{}{}{}", key, value.quoted ? '"' : '=', value.text);
    if (value.is_null() || (value.is_scalar() && sound_.contains(written))) return;
    if (++checked_ > kMaximumTrials) return refuse_more(value.place);
    LocatedValue trial;
    merge_at(trial, split_key(key), value, key_place);
    Problems found;
    read_trial(trial, found);
    std::erase_if(found, [](const Problem& problem) { return problem.about_combination; });
    if (found.empty() && value.is_scalar()) sound_.insert(written);
    std::ranges::move(found, std::back_inserter(problems_));
  }

  /// Each is read as a whole trial.
  void refuse_more(const Place& place) {
    if (checked_ > kMaximumTrials + 1) return;
    problems_.push_back({place,
                         fmt::format("sweep.exclude: more than {} different values; a sweep has at "
                                     "most as many trials",
                                     kMaximumTrials)});
  }

  Problems& problems_;
  std::unordered_set<std::string> sound_;
  std::int64_t checked_ = 0;
};

// Seeds may be larger than what a double tells from its neighbours.
bool equals_number(std::string_view text, const nlohmann::json& number) {
  const auto integer = number.is_number_integer() ? parse_integer(text) : std::nullopt;
  if (integer) return number == *integer;
  return parse_number(text) == number.get<double>();
}

bool equals(const LocatedValue& value, const nlohmann::json& json) {
  if (value.is_null()) return json.is_null();
  if (json.is_number()) return value.is_scalar() && equals_number(value.text, json);
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

bool holds(const Exclusion::Condition& condition, const nlohmann::json& trial) {
  const nlohmann::json& leaf = leaf_at(trial, condition.path);
  const auto like_it = condition.values.equal_range(value_key(leaf));
  return std::any_of(
      like_it.first, like_it.second, [&](const auto& value) { return equals(value.second, leaf); });
}

bool names_seed(const Exclusion& exclusion) {
  return std::ranges::any_of(exclusion.conditions, is_seed, &Exclusion::Condition::path);
}

/// How often entries name each value.
class Frequencies {
 public:
  explicit Frequencies(const std::vector<Exclusion>& entries) {
    for (const Exclusion& entry : entries) {
      for (const Exclusion::Condition& condition : entry.conditions) {
        auto& counts = of_path_[condition.path];
        for (const auto& [key, value] : condition.values) ++counts[key];
      }
    }
  }

  /// That of the condition's most frequent value.
  std::size_t highest(const Exclusion::Condition& condition) const {
    std::size_t most = 0;
    const auto& counts = of_path_.at(condition.path);
    for (const auto& [key, value] : condition.values) most = std::max(most, counts.at(key));
    return most;
  }

 private:
  std::map<std::vector<std::string>, std::unordered_map<std::string, std::size_t>> of_path_;
};

}  // namespace

std::vector<Exclusion> read_exclusions(const LocatedValue& list, Problems& problems) {
  ExclusionReader reader(problems);
  std::vector<Exclusion> exclusions;
  for (const LocatedValue& item : items_or_itself(list)) exclusions.push_back(reader.read(item));
  return exclusions;
}

bool matches(const Exclusion& exclusion, const nlohmann::json& trial) {
  return std::ranges::all_of(exclusion.conditions, [&](const Exclusion::Condition& condition) {
    return holds(condition, trial);
  });
}

ExclusionTable::ExclusionTable(const std::vector<Exclusion>& entries)
    : entries_(entries), used_(entries.size(), false) {
  const Frequencies frequencies(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto rarest = std::ranges::min_element(
        entries[i].conditions, {}, [&](const Exclusion::Condition& condition) {
          return frequencies.highest(condition);
        });
    if (rarest == entries[i].conditions.end()) {
      unconditional_.push_back(i);
    } else {
      add(i, *rarest);
    }
  }
}

void ExclusionTable::add(std::size_t position, const Exclusion::Condition& condition) {
  ByValue& by_value = is_seed(condition.path) ? by_seed_ : by_path_[condition.path];
  for (const auto& [key, value] : condition.values) {
    Positions& positions = by_value[key];
    if (positions.empty() || positions.back() != position) positions.push_back(position);
  }
}

ExclusionTable::Positions ExclusionTable::found_by_cell(const nlohmann::json& cell) const {
  Positions all = unconditional_;
  for (const auto& [path, by_value] : by_path_) {
    const auto found = by_value.find(value_key(leaf_at(cell, path)));
    if (found != by_value.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

bool ExclusionTable::excludes(std::size_t position, const nlohmann::json& trial, bool is_excluded) {
  // What is excluded already only shows which entries match anything at all.
  if (is_excluded && used_[position]) return true;
  if (!matches(entries_[position], trial)) return is_excluded;
  used_[position] = true;
  return true;
}

std::vector<std::int64_t> ExclusionTable::kept_seeds(const nlohmann::json& cell,
                                                     const std::vector<std::int64_t>& seeds) {
  bool is_cell_excluded = false;
  Positions with_seed;
  for (const std::size_t position : found_by_cell(cell)) {
    if (names_seed(entries_[position])) {
      with_seed.push_back(position);
    } else {
      is_cell_excluded = excludes(position, cell, is_cell_excluded);
    }
  }
  std::vector<std::int64_t> kept;
  nlohmann::json trial = cell;
  for (const std::int64_t seed : seeds) {
    trial["seed"] = seed;
    bool is_excluded = is_cell_excluded;
    for (const std::size_t position : with_seed) {
      is_excluded = excludes(position, trial, is_excluded);
    }
    if (const auto found = by_seed_.find(value_key(trial["seed"])); found != by_seed_.end()) {
      for (const std::size_t position : found->second) {
        is_excluded = excludes(position, trial, is_excluded);
      }
    }
    if (!is_excluded) kept.push_back(seed);
  }
  return kept;
}

std::vector<Place> ExclusionTable::unused() const {
  std::vector<Place> places;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!used_[i]) places.push_back(entries_[i].place);
  }
  return places;
}

}  // namespace headway
