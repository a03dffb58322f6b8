#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace headway {

/// Parses one JSON text; nested deeper than kMaximumDepth, or with more than kMostValues values, it
/// is refused before memory is taken for it. Every text from outside this process goes through
/// here. Errors are nlohmann::json::exception.
nlohmann::json parse_json(std::string_view text);

/// For what is printed, whatever texts it holds: bytes that are no UTF-8 are replaced by U+FFFD,
/// and control characters are written as \u00XX. On one line unless `indent` says otherwise.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

struct IntegerRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
};
/// All integers that every JSON reader keeps exact, and that can be counted up without overflow.
inline constexpr IntegerRange kWholeRange{-(std::int64_t{1} << 53), std::int64_t{1} << 53};

inline constexpr IntegerRange kAnyInteger{std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max()};

/// `json` as an integer of the range; nlohmann::json::exception when it is none: a text, a
/// fraction, or too large, which get<int>() would bend into some other number.
std::int64_t integer_in(const nlohmann::json& json, IntegerRange range);

}  // namespace headway
