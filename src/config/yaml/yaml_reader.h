#pragma once

#include <string>

#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// Parses one YAML document. Anchors, aliases and merge keys ("<<") are resolved. Syntax errors
/// throw ConfigError at once; duplicate keys and the like are added to `problems`. `source` must
/// outlive the value.
LocatedValue parse_yaml(const std::string& text, const std::string& source, Problems& problems);

/// Parses the right-hand side of an override: the list of its comma-separated values. Every place
/// is `source` as a whole.
LocatedValue parse_override_values(const std::string& text,
                                   const std::string& source,
                                   Problems& problems);

}  // namespace headway
