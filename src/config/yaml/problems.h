#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/yaml/located_value.h"

namespace headway {

/// A mistake, or a combination that makes no sense, with its place.
struct Problem {
  Place place;
  std::string message;
  /// The values are fine one by one and do not go together: `on_invalid: skip` may leave the cell
  /// out.
  bool about_combination = false;
};

using Problems = std::vector<Problem>;

/// Throws ConfigErrors with every distinct problem, in file order, unless there is none; of more
/// than a hundred the first, and how many there are.
void throw_problems(Problems problems);

/// The entries of a map; of anything else none, and a problem. Null counts as an empty map.
std::span<const LocatedValue::Entry> expect_map(const LocatedValue& value,
                                                const std::string& what,
                                                Problems& problems);

}  // namespace headway
