#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// The known name closest to `name` by edit distance (transpositions count one), or nothing when
/// none is close enough to be a slip of the hand.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& known);

/// "; did you mean 'X'?" or, when nothing is near, "; known: a, b, c".
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace headway
