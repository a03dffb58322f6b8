#include "config/yaml/section_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "base/nearest_name.h"
#include "base/text.h"
#include "config/yaml/scalars.h"

namespace headway {
namespace {

const LocatedValue& empty_map() {
  static const LocatedValue map = [] {
    LocatedValue value;
    value.kind = LocatedValue::Kind::kMap;
    return value;
  }();
  return map;
}

}  // namespace

SectionReader::SectionReader(const LocatedValue& map, std::string path, Problems& problems)
    : map_(map), path_(std::move(path)), problems_(problems) {}

std::string SectionReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void SectionReader::report(const LocatedValue& value,
                           std::string_view key,
                           const std::string& expected) {
  problems_.push_back(
      {value.place,
       fmt::format("{}: expected {}, found {}", path_of(key), expected, describe(value))});
}

const LocatedValue* SectionReader::value_at(std::string_view key) {
  known_.push_back(key);
  const LocatedValue::Entry* entry = map_.find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

const LocatedValue* SectionReader::list_at(std::string_view key) {
  const LocatedValue* value = value_at(key);
  if (value == nullptr || value->is_null()) return nullptr;
  if (value->is_list()) return value;
  report(*value, key, "a list");
  return nullptr;
}

const LocatedValue& SectionReader::map_at(std::string_view key) {
  const LocatedValue* value = value_at(key);
  if (value == nullptr || value->is_null()) return empty_map();
  return check_map(*value, path_of(key)) ? *value : empty_map();
}

bool SectionReader::check_map(const LocatedValue& value, const std::string& path) {
  if (value.is_map()) return true;
  problems_.push_back(
      {value.place,
       fmt::format(
           "{}: expected a mapping such as {{name: ...}}, found {}", path, describe(value))});
  return false;
}

void SectionReader::operator()(std::string_view key, bool& value) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  const auto flag = found->is_scalar() ? parse_flag(found->text) : std::nullopt;
  if (!flag) return report(*found, key, "true or false");
  value = *flag;
}

void SectionReader::operator()(std::string_view key, std::int64_t& value, const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  const auto number = found->is_scalar() ? parse_integer(found->text) : std::nullopt;
  if (!number || !within(*number, limits)) {
    return report(*found, key, expectation("an integer", limits));
  }
  value = *number;
}

void SectionReader::operator()(std::string_view key, double& value, const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  const auto number = found->is_scalar() ? parse_number(found->text) : std::nullopt;
  if (!number || !within(*number, limits)) {
    const bool is_lost = !number && found->is_scalar() && is_beyond_numbers(found->text);
    return report(
        *found,
        key,
        expectation(is_lost ? "a finite number within a double's range" : "a number", limits));
  }
  value = *number;
}

void SectionReader::operator()(std::string_view key, std::string& value, const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  const bool known = !limits.has_choices() || is_choice(found->text, limits);
  if (!found->is_scalar() || !known) {
    return report(
        *found,
        key,
        limits.has_choices() ? expected_choice(found->text, choices_of(limits)) : "a text");
  }
  value = found->text;
}

void SectionReader::operator()(std::string_view key,
                               std::optional<std::int64_t>& value,
                               const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr || found->is_null()) return;
  std::int64_t number = 0;
  (*this)(key, number, limits);
  if (found->is_scalar() && parse_integer(found->text) == number) value = number;
}

void SectionReader::operator()(std::string_view key,
                               std::variant<std::string, double>& value,
                               const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  const auto number = found->is_scalar() ? parse_number(found->text) : std::nullopt;
  if (number && within(*number, limits)) {
    value = *number;
  } else if (found->is_scalar() && is_choice(found->text, limits)) {
    value = found->text;
  } else {
    report(*found,
           key,
           fmt::format("{} or {}",
                       expectation("a number", limits),
                       expected_choice(found->text, choices_of(limits))));
  }
}

void SectionReader::operator()(std::string_view key, std::vector<std::string>& value) {
  const LocatedValue* list = list_at(key);
  if (list == nullptr) return;
  for (const LocatedValue& item : list->items) {
    if (item.is_scalar()) {
      value.push_back(item.text);
    } else {
      report(item, key, "a list of texts");
    }
  }
}

void SectionReader::automatic(std::string_view key,
                              std::optional<std::int64_t>& value,
                              const Limits& limits) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr || found->text == "auto") return;
  const auto number = found->is_scalar() ? parse_integer(found->text) : std::nullopt;
  if (!number || !within(*number, limits)) {
    return report(*found, key, "auto or " + expectation("an integer", limits));
  }
  value = number;
}

void SectionReader::duration(std::string_view key, std::optional<double>& value) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr || found->is_null()) return;
  const auto seconds = found->is_scalar() ? parse_duration_seconds(found->text) : std::nullopt;
  if (!seconds) return report(*found, key, kDurationExpected);
  value = seconds;
}

void SectionReader::slurm_time(std::string_view key, std::string& value) {
  const LocatedValue* found = value_at(key);
  if (found == nullptr) return;
  if (!found->is_scalar() || !parse_slurm_time(found->text)) {
    return report(*found, key, "a time as Slurm takes it, such as \"04:00:00\" or 1-12:00:00");
  }
  value = found->text;
}

void SectionReader::finish() {
  constexpr std::size_t kMostSuggestions = 100;
  std::size_t unknown = 0;
  for (const LocatedValue::Entry& entry : map_.entries) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    if (++unknown <= kMostSuggestions) {
      report_unknown_key(entry);
    } else {
      problems_.push_back({entry.key_place, "unknown key " + in_quotes(entry.key)});
    }
  }
}

void SectionReader::report_unknown_key(const LocatedValue::Entry& entry) {
  if (family_) {
    std::vector<std::string> owners;
    for (const ComponentSpec& other : catalog(*family_)) {
      const bool owns = std::ranges::count(other.options, entry.key, &OptionSpec::name) > 0;
      if (owns) owners.push_back(other.name);
    }
    if (!owners.empty()) {
      if (component_ == nullptr) return;  // the unknown name is the mistake
      problems_.push_back({entry.key_place,
                           fmt::format("{}: {} '{}' has no option '{}' ({} {})",
                                       path_of(entry.key),
                                       family_label(*family_),
                                       component_->name,
                                       entry.key,
                                       fmt::join(owners, ", "),
                                       owners.size() == 1 ? "has" : "have"),
                           true});
      return;
    }
  }
  const std::vector<std::string> known(known_.begin(), known_.end());
  problems_.push_back({entry.key_place,
                       fmt::format("unknown key {}{}{}",
                                   in_quotes(entry.key),
                                   path_.empty() ? "" : " in " + path_,
                                   suggestion(entry.key, known))});
}

}  // namespace headway
