#include "base/json.h"

#include <fmt/format.h>

#include <cstddef>

#include "base/limits.h"

namespace headway {
namespace {

// Where `text` becomes too deep; npos when it does not. Quotes of texts that are not closed hide
// what follows, as they do from the parser.
std::size_t too_deep_at(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaximumDepth) return i;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

template <typename Json>
Json parse(std::string_view text) {
  const std::size_t place = too_deep_at(text);
  if (place != std::string_view::npos) {
    throw nlohmann::json::parse_error::create(
        101, place, fmt::format("nested deeper than {}", kMaximumDepth), nullptr);
  }
  return Json::parse(text);
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  return parse<nlohmann::json>(text);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text) {
  return parse<nlohmann::ordered_json>(text);
}

}  // namespace headway
