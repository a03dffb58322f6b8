#include "base/json.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>

#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"

namespace headway {
namespace {

[[noreturn]] void refuse_at(std::size_t place, const std::string& what) {
  throw nlohmann::json::parse_error::create(101, place, what, nullptr);
}

// Counts without building anything. Quotes of texts that are not closed hide what follows, as they
// do from the parser.
void expect_within_limits(std::string_view text) {
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') refuse_at(i, "a zero byte");  // the parser would take it for the end
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') {
      if (++depth > kMaximumDepth)
        refuse_at(i, fmt::format("nested deeper than {}", kMaximumDepth));
    }
    if ((c == '}' || c == ']') && depth > 0) --depth;
    const bool begins_value = c == '{' || c == '[' || c == ',';
    if (begins_value && ++values > kMostValues) {
      refuse_at(i, fmt::format("more than {} values", kMostValues));
    }
  }
}

// The library escapes the controls below U+0020 alone. They are in quotes here: outside of them all
// is ASCII.
template <typename Json>
std::string text_of(const Json& json, int indent) {
  const std::string whole = json.dump(indent, ' ', false, Json::error_handler_t::replace);
  std::string text;
  text.reserve(whole.size());
  for (std::string_view rest = whole; !rest.empty();) {
    const CodePoint next = first_code_point(rest);
    if (next.value && *next.value >= 0x7f && *next.value < 0xa0) {
      text += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(*next.value));
    } else {
      text += rest.substr(0, next.bytes);
    }
    rest.remove_prefix(next.bytes);
  }
  return text;
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  expect_within_limits(text);
  return nlohmann::json::parse(text);
}

std::string json_text(const nlohmann::json& json, int indent) {
  return text_of(json, indent);
}

std::string json_text(const nlohmann::ordered_json& json, int indent) {
  return text_of(json, indent);
}

std::int64_t integer_in(const nlohmann::json& json, IntegerRange range) {
  // What is above the largest int64_t becomes negative, and those of JSON that do are unsigned.
  const bool fits =
      json.is_number_integer() && (!json.is_number_unsigned() || json.get<std::int64_t>() >= 0);
  const std::int64_t value = fits ? json.get<std::int64_t>() : 0;
  if (fits && value >= range.least && value <= range.most) return value;
  throw nlohmann::json::other_error::create(
      501,
      fmt::format("found {}, expected an integer from {} to {}",
                  in_quotes(json_text(json)),
                  range.least,
                  range.most),
      &json);
}

}  // namespace headway
