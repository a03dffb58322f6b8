#include "store/tables/csv.h"

#include <charconv>
#include <system_error>

#include "base/text.h"

namespace headway {
namespace {

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Spreadsheets compute what begins so, and would run what a name or a path says.
bool is_formula(const std::string& text) {
  constexpr std::string_view kBeginnings = "=+-@\t\r";
  return text.size() > 1 && kBeginnings.find(text.front()) != std::string_view::npos &&
         !is_number(text);
}

}  // namespace

std::string csv_field(const std::string& raw) {
  std::string text = printable(raw, Newlines::kKeep);
  if (is_formula(text)) return csv_field("'" + text);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    quoted += letter;
    if (letter == '"') quoted += '"';
  }
  return quoted + '"';
}

}  // namespace headway
