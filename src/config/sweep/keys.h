#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema/catalog.h"

namespace headway {

/// Every dotted key below `trial:`, sections and the options of all components included, sorted:
/// "augmentation", "class_vectors", "class_vectors.distribution", ...
const std::vector<std::string>& trial_keys();

/// Every other dotted key of a sweep file but `trial` itself, sorted: "name", "sweep.grid",
/// "resources.ranks", ...
const std::vector<std::string>& other_keys();

bool is_trial_key(std::string_view key);
/// The one of `keys` that ends in this name, "training.epochs" for "epochs"; nothing when there are
/// several.
std::optional<std::string> key_ending_in(std::string_view name,
                                         const std::vector<std::string>& keys);
/// "; write ...", "; did you mean ...?" or "; known: ..." for a key that is none.
std::string trial_key_suggestion(std::string_view key);

/// A section of a trial that holds one component chosen by name.
struct ComponentSection {
  Family family;
  std::string section;   // "head"
  std::string name_key;  // "name"
  std::string default_name;
  std::vector<std::string> shared_keys;  // that every component of the family has
};
const std::vector<ComponentSection>& component_sections();

}  // namespace headway
