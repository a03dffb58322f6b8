#include "config/yaml/scalars.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "config/schema/limits.h"

namespace headway {
namespace {

/// All of `text` as a T; from_chars takes no leading '+'.
template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> duration_or_nothing(double seconds) {
  const bool fits = seconds > 0 && seconds <= kLongestSeconds;
  return fits ? std::optional(seconds) : std::nullopt;
}

double unit_seconds(char unit) {
  switch (unit) {
    case 'd':
      return 86400;
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return 0;
  }
}

/// Takes a number of up to `most` digits off the front of `text`; nothing when there is none.
std::optional<double> take_number(std::string_view& text, std::size_t most) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  const std::size_t taken = std::min(digits, most);
  double number = 0;
  for (const char digit : text.substr(0, taken)) {
    number = std::min(number * 10 + (digit - '0'), kLongestSeconds);
  }
  text.remove_prefix(taken);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  const std::optional<double> value = parse_whole<double>(text);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return *value + 0.0;  // -0 becomes 0, so that both give the same id
}

bool is_beyond_numbers(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(text.c_str(), &end);
  const bool is_whole = !text.empty() && *end == '\0';
  return is_whole && (!std::isfinite(value) || errno == ERANGE);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  return parse_whole<std::int64_t>(text);
}

std::optional<bool> parse_flag(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "true" || lower == "yes" || lower == "on") return true;
  if (lower == "false" || lower == "no" || lower == "off") return false;
  return std::nullopt;
}

std::optional<double> parse_duration_seconds(std::string_view text) {
  if (const auto seconds = parse_number(text)) {
    return duration_or_nothing(*seconds);
  }
  double total = 0;
  double last_unit = 1e9;  // units come in falling order, each once
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const auto amount = parse_number(text.substr(0, digits));
    const double unit = unit_seconds(text[digits]);
    if (!amount || unit == 0 || unit >= last_unit) return std::nullopt;
    total += *amount * unit;
    last_unit = unit;
    text.remove_prefix(digits + 1);
  }
  return duration_or_nothing(total);
}

std::optional<double> parse_slurm_time(std::string_view text) {
  const auto first = take_number(text, text.size());
  if (!first) return std::nullopt;
  const bool has_days = take(text, '-');
  std::array<double, 3> parts{};  // in the order of the text
  std::size_t count = 0;
  if (has_days) {
    const auto hours = take_number(text, 2);
    if (!hours) return std::nullopt;
    parts[count++] = *hours;
  } else {
    parts[count++] = *first;
  }
  for (int more = 0; more < 2 && take(text, ':'); ++more) {
    const auto part = take_number(text, 2);
    if (!part) return std::nullopt;
    parts[count++] = *part;
  }
  if (!text.empty()) return std::nullopt;
  // With days, hours come first; else minutes, unless there are three parts.
  const bool has_hours = has_days || count == 3;
  const double days = has_days ? *first : 0;
  const double hours = has_hours ? parts[0] : 0;
  const double minutes = has_hours ? parts[1] : parts[0];
  const double seconds = has_hours ? parts[2] : parts[1];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

}  // namespace headway
