#pragma once

#include <string>
#include <vector>

namespace headway {

/// The keys of a sweep file that hold a value: "head.name", "training.epochs", "resources.ranks".
/// With `trial_only`, those below `trial:` alone.
std::vector<std::string> value_keys(bool trial_only);

/// What the key may hold, where that is a list of names: components, choices of an option,
/// true and false. Empty for numbers and texts.
std::vector<std::string> values_of_key(const std::string& key);

}  // namespace headway
