#include "config/schema/leaves.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace headway {
namespace {

void add_leaves(const std::string& key, const nlohmann::json& value, ConfigLeaves& leaves) {
  if (!value.is_object() || (value.empty() && !key.empty())) {
    leaves.emplace(key, value);
    return;
  }
  const std::string prefix = key.empty() ? "" : key + ".";
  for (const auto& [name, child] : value.items()) add_leaves(prefix + name, child, leaves);
}

bool holds_structure(const nlohmann::json& list) {
  return list.is_array() &&
         std::any_of(list.begin(), list.end(), [](const auto& one) { return one.is_structured(); });
}

std::string section_of(const std::string& key) {
  return key.substr(0, key.find('.') + 1);
}

// The name of the component that a section chose; "" when it chooses none.
std::string component_of(const std::string& section, const ConfigLeaves& leaves) {
  for (const char* chooser : {"name", "distribution"}) {
    if (const auto name = leaves.find(section + chooser); name != leaves.end()) {
      return name->second.dump();
    }
  }
  return "";
}

std::string component_text(const nlohmann::json& component) {
  std::vector<std::string> options;
  for (const auto& [key, value] : component.items()) {
    if (key != "name") options.push_back(fmt::format("{}={}", key, value_text(value)));
  }
  const std::string name = value_text(component.at("name"));
  return options.empty() ? name : fmt::format("{}({})", name, fmt::join(options, ","));
}

std::string element_text(const nlohmann::json& element) {
  const bool is_component = element.is_object() && element.contains("name");
  return is_component ? component_text(element) : value_text(element);
}

}  // namespace

ConfigLeaves config_leaves(const nlohmann::json& config) {
  ConfigLeaves leaves;
  add_leaves("", config, leaves);
  return leaves;
}

ConfigLeaves list_parts(const ConfigLeaves& leaves) {
  ConfigLeaves parts;
  for (const auto& [key, value] : leaves) {
    if (!holds_structure(value)) continue;
    for (std::size_t i = 0; i < value.size(); ++i) {
      add_leaves(fmt::format("{}.{}", key, i), value[i], parts);
    }
  }
  return parts;
}

void VaryingKeys::add(const ConfigLeaves& leaves) {
  ++configs_;
  std::map<std::string, std::string> chosen;  // section -> component
  for (const auto& [key, value] : leaves) {
    const std::string section = section_of(key);
    const auto [place, is_new] = chosen.try_emplace(section);
    if (is_new) {
      place->second = component_of(section, leaves);
      ++components_[section][place->second];
    }
    const auto [use, is_first] = uses_.try_emplace(key, Use{value, false, 0, {}});
    use->second.differs |= use->second.first_value != value;
    ++use->second.holders;
    ++use->second.holders_by_component[place->second];
  }
}

// Whether all configurations with one component in the key's section agree on having the key.
bool VaryingKeys::follows_component(const std::string& key, const Use& use) const {
  const auto& components = components_.at(section_of(key));
  std::int64_t without_section = configs_;  // they have no component either
  for (const auto& [component, configs] : components) without_section -= configs;
  return std::all_of(
      use.holders_by_component.begin(), use.holders_by_component.end(), [&](const auto& entry) {
        const auto& [component, holders] = entry;
        const std::int64_t others = component.empty() ? without_section : 0;
        return components.at(component) + others == holders;
      });
}

std::vector<std::string> VaryingKeys::keys() const {
  std::vector<std::string> varying;
  for (const auto& [key, use] : uses_) {
    const bool is_absent_somewhere = use.holders < configs_;
    if (use.differs || (is_absent_somewhere && !follows_component(key, use))) {
      varying.push_back(key);
    }
  }
  return varying;
}

std::vector<std::string> varying_keys(const std::vector<ConfigLeaves>& configs) {
  VaryingKeys varying;
  for (const ConfigLeaves& config : configs) varying.add(config);
  return varying.keys();
}

std::string config_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string value_text(const nlohmann::json& value) {
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return config_text(value);
  if (value.empty()) return "none";
  std::vector<std::string> elements;
  for (const auto& element : value) elements.push_back(element_text(element));
  return fmt::format("{}", fmt::join(elements, "+"));
}

std::string value_text(const ConfigLeaves& leaves, const std::string& key) {
  const auto found = leaves.find(key);
  return found == leaves.end() ? "-" : value_text(found->second);
}

}  // namespace headway
