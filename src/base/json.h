#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace headway {

/// Parses one JSON text; nested deeper than kMaximumDepth it is refused before memory is taken for
/// it. Every text from outside this process goes through here. Errors are
/// nlohmann::json::exception.
nlohmann::json parse_json(std::string_view text);
nlohmann::ordered_json parse_ordered_json(std::string_view text);

}  // namespace headway
