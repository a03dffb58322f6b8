#include "runner/cli/non_default_values.h"

#include "config/schema/ids.h"
#include "config/schema/trial_config.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

bool names_component(const std::string& key) {
  return key == "class_vectors.distribution" || key.ends_with(".name");
}

/// Only the names of `config`'s components: what is filled in around them are their defaults.
nlohmann::json component_names(const nlohmann::json& config) {
  nlohmann::json names = nlohmann::json::object();
  for (const auto& [section, values] : config.items()) {
    for (const char* key : {"name", "distribution"}) {
      if (values.is_object() && values.contains(key)) names[section][key] = values.at(key);
    }
  }
  return names;
}

ConfigLeaves completed_values(const nlohmann::json& config) {
  return config_leaves(to_canonical_json(trial_config_from_json(config)));
}

}  // namespace

ConfigLeaves changed_values(const nlohmann::json& stored_config) {
  const nlohmann::json config = canonical_json_of_stored(stored_config);
  const ConfigLeaves defaults = completed_values(nlohmann::json::object());
  const ConfigLeaves component_defaults = completed_values(component_names(config));
  ConfigLeaves changed;
  for (const auto& [key, value] : config_leaves(config)) {
    const ConfigLeaves& baseline = names_component(key) ? defaults : component_defaults;
    const auto usual = baseline.find(key);
    const bool is_usual = usual != baseline.end() && usual->second == value;
    if (!is_usual || key == "seed") changed.emplace(key, value);
  }
  return changed;
}

}  // namespace headway
