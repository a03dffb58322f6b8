#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace headway {

/// Every leaf of a configuration by dotted key ("head.name", "augmentation.0.padding"), as text:
/// strings bare, all else as JSON. A list of plain values is one leaf, and so is an empty list.
std::vector<std::pair<std::string, std::string>> config_leaves(const nlohmann::json& config);

/// The text of one value: strings bare, all else as JSON.
std::string config_text(const nlohmann::json& value);

}  // namespace headway
