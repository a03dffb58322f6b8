#include <fmt/format.h>

#include <set>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "config/yaml/scalars.h"
#include "config/yaml/section_reader.h"

namespace headway {
namespace {

std::string unknown_component(Family family, const std::string& name) {
  std::vector<std::string> names;
  for (const ComponentSpec& spec : catalog(family)) names.push_back(spec.name);
  return fmt::format("unknown {} '{}'{}", family_label(family), name, suggestion(name, names));
}

}  // namespace

void SectionReader::component(Family family,
                              std::string_view key,
                              std::string& name,
                              Options& options) {
  family_ = family;
  const LocatedValue* found = value_at(key);
  if (found == nullptr && name.empty()) {
    problems_.push_back({map_.place, fmt::format("{}: missing key '{}'", path_, key)});
    return;
  }
  if (found != nullptr && !found->is_scalar()) {
    return report(*found, key, fmt::format("the name of one {}", family_label(family)));
  }
  if (found != nullptr) name = found->text;
  component_ = find_component(family, name);
  if (component_ == nullptr) {
    problems_.push_back({found == nullptr ? map_.place : found->place,
                         fmt::format("{}: {}", path_of(key), unknown_component(family, name))});
    return;
  }
  for (const OptionSpec& option : component_->options) {
    options.values()[option.name] = read_option(option);
  }
}

nlohmann::json SectionReader::read_option(const OptionSpec& option) {
  const nlohmann::json& fallback = option.default_value;
  switch (option.type) {
    case OptionType::kNumber: {
      auto value = fallback.get<double>();
      (*this)(option.name, value, option.limits);
      return value;
    }
    case OptionType::kInteger: {
      auto value = fallback.get<std::int64_t>();
      (*this)(option.name, value, option.limits);
      return value;
    }
    case OptionType::kFlag: {
      auto value = fallback.get<bool>();
      (*this)(option.name, value);
      return value;
    }
    case OptionType::kText: {
      auto value = fallback.get<std::string>();
      (*this)(option.name, value, option.limits);
      return value;
    }
    case OptionType::kNumberList:
      return read_number_list(option);
  }
  throw std::logic_error("unknown type of option");
}

nlohmann::json SectionReader::read_number_list(const OptionSpec& option) {
  const LocatedValue* list = value_at(option.name);
  if (list == nullptr || list->is_null()) return option.default_value;
  if (!list->is_list()) {
    report(*list, option.name, "a list of numbers");
    return option.default_value;
  }
  nlohmann::json numbers = nlohmann::json::array();
  for (const LocatedValue& item : list->items) {
    const auto number = item.is_scalar() ? parse_number(item.text) : std::nullopt;
    if (number && within(*number, option.limits)) {
      numbers.push_back(*number);
    } else {
      report(item, option.name, "a list with each entry " + expectation("a number", option.limits));
    }
  }
  return numbers;
}

void SectionReader::check_distinct(Family family, const LocatedValue& list) {
  std::set<std::string> seen;
  for (const LocatedValue& item : list.items) {
    const LocatedValue::Entry* name = item.find("name");
    if (name != nullptr && !seen.insert(name->value.text).second) {
      problems_.push_back(
          {name->value.place,
           fmt::format("{} '{}' is given twice", family_label(family), name->value.text)});
    }
  }
}

}  // namespace headway
