#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// One entry of `exclude`: a trial matches when every key has one of its values.
struct Exclusion {
  struct Condition {
    std::vector<std::string> path;
    std::vector<LocatedValue> values;
  };
  Place place;
  std::vector<Condition> conditions;
};

std::vector<Exclusion> read_exclusions(const LocatedValue& list, Problems& problems);

/// `trial` as canonical JSON. A key that the trial does not have matches null only.
bool matches(const Exclusion& exclusion, const nlohmann::json& trial);

}  // namespace headway
