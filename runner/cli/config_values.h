#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace headway {

/// Dotted key -> value of every leaf of a configuration: {"head.name": "dot", "seed": 0, ...}. A
/// list is one leaf, as it is one key of a sweep file.
using ConfigValues = std::map<std::string, nlohmann::json>;
ConfigValues config_values(const nlohmann::json& config);

/// Keys in which the configurations differ, sorted: by value, or by being there at all. Left out is
/// an option that some lack because their section names another component: the name tells it.
std::vector<std::string> varying_keys(const std::vector<ConfigValues>& configs);

/// A leaf as a table shows it: text without quotes, a list of components by their names
/// ("crop+flip"), "-" when there is none.
std::string value_text(const ConfigValues& values, const std::string& key);
std::string value_text(const nlohmann::json& value);

}  // namespace headway
