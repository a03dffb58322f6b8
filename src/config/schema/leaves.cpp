#include "config/schema/leaves.h"

#include <algorithm>

namespace headway {
namespace {

using Leaves = std::vector<std::pair<std::string, std::string>>;

bool is_section(const nlohmann::json& value) {
  if (value.is_object()) return !value.empty();
  return value.is_array() && std::any_of(value.begin(), value.end(), [](const auto& one) {
           return one.is_structured();
         });
}

void add_leaves(const std::string& key, const nlohmann::json& value, Leaves& leaves) {
  if (!is_section(value)) {
    leaves.emplace_back(key, config_text(value));
    return;
  }
  const std::string prefix = key.empty() ? "" : key + ".";
  if (value.is_object()) {
    for (const auto& [name, child] : value.items()) add_leaves(prefix + name, child, leaves);
    return;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    add_leaves(prefix + std::to_string(i), value[i], leaves);
  }
}

}  // namespace

std::string config_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<std::pair<std::string, std::string>> config_leaves(const nlohmann::json& config) {
  Leaves leaves;
  add_leaves("", config, leaves);
  return leaves;
}

}  // namespace headway
