#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace headway {

/// Dotted key -> value of every leaf of a configuration: {"head.name": "dot", "seed": 0, ...}. A
/// list is one leaf, as it is one key of a sweep file.
using ConfigLeaves = std::map<std::string, nlohmann::json>;
ConfigLeaves config_leaves(const nlohmann::json& config);

/// What the lists among `leaves` consist of, by dotted key ("augmentation.0.padding"): for
/// questions about one part; no keys of a sweep file.
ConfigLeaves list_parts(const ConfigLeaves& leaves);

/// Finds the keys in which configurations differ: by value, or by being there at all. Left out is
/// an option that some lack because their section names another component: the name tells it.
class VaryingKeys {
 public:
  void add(const ConfigLeaves& leaves);
  /// Sorted.
  std::vector<std::string> keys() const;

 private:
  struct Use {
    nlohmann::json first_value;
    bool differs = false;
    std::int64_t holders = 0;
    std::map<std::string, std::int64_t> holders_by_component;
  };
  bool follows_component(const std::string& key, const Use& use) const;

  std::int64_t configs_ = 0;
  std::map<std::string, Use> uses_;
  // section -> component -> configurations
  std::map<std::string, std::map<std::string, std::int64_t>> components_;
};

std::vector<std::string> varying_keys(const std::vector<ConfigLeaves>& configs);

/// The text of one value, as the results store has it: strings bare, all else as JSON.
std::string config_text(const nlohmann::json& value);

/// A value as people read it: text without quotes, 20 for 20.0, a list of components by names and
/// options ("crop(padding=4)+flip"), "none" for an empty list.
std::string value_text(const nlohmann::json& value);
/// Likewise, "-" when there is no such key.
std::string value_text(const ConfigLeaves& leaves, const std::string& key);

}  // namespace headway
