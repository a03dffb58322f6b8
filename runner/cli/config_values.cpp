#include "runner/cli/config_values.h"

#include <set>

#include "base/text.h"

namespace headway {
namespace {

void collect(const nlohmann::json& value, const std::string& key, ConfigValues& values) {
  if (!value.is_object()) {
    values.emplace(key, value);
    return;
  }
  for (const auto& [name, child] : value.items()) {
    collect(child, key.empty() ? name : key + "." + name, values);
  }
}

/// The name of the component that the key's section chose; "" when it chooses none.
std::string component_of(const std::string& key, const ConfigValues& config) {
  const std::string section = key.substr(0, key.find('.') + 1);
  for (const char* chooser : {"name", "distribution"}) {
    if (const auto name = config.find(section + chooser); name != config.end()) {
      return name->second.dump();
    }
  }
  return "";
}

/// Whether all configurations with one component in the key's section agree on having the key.
bool follows_component(const std::string& key, const std::vector<ConfigValues>& configs) {
  std::map<std::string, bool> has_key;
  for (const ConfigValues& config : configs) {
    const bool here = config.contains(key);
    if (has_key.emplace(component_of(key, config), here).first->second != here) return false;
  }
  return true;
}

std::string element_text(const nlohmann::json& element) {
  const bool component = element.is_object() && element.contains("name");
  return component ? value_text(element.at("name")) : value_text(element);
}

}  // namespace

ConfigValues config_values(const nlohmann::json& config) {
  ConfigValues values;
  collect(config, "", values);
  return values;
}

std::vector<std::string> varying_keys(const std::vector<ConfigValues>& configs) {
  std::map<std::string, std::set<std::string>> seen;
  std::map<std::string, std::size_t> holders;
  for (const ConfigValues& config : configs) {
    for (const auto& [key, value] : config) {
      seen[key].insert(value.dump());
      ++holders[key];
    }
  }
  std::vector<std::string> varying;
  for (const auto& [key, values] : seen) {
    const bool is_absent_somewhere = holders[key] < configs.size();
    if (values.size() > 1 || (is_absent_somewhere && !follows_component(key, configs))) {
      varying.push_back(key);
    }
  }
  return varying;
}

std::string value_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_number(value.get<double>());
  if (!value.is_array()) return value.dump();
  if (value.empty()) return "none";
  std::string text;
  for (const auto& element : value) text += (text.empty() ? "" : "+") + element_text(element);
  return text;
}

std::string value_text(const ConfigValues& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "-" : value_text(found->second);
}

}  // namespace headway
