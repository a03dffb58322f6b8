#include "base/ids.h"

#include <algorithm>

namespace headway {
namespace {

constexpr std::size_t kLongestName = 128;  // file names are made of them: 255 bytes at most

// Not <cctype>: the locale must not decide.
bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_plain(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.';
}

}  // namespace

bool TrialIdRule::fits(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_plain_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestName) return false;
  if (text.front() == '-' || text.front() == '.') return false;
  return std::ranges::all_of(text, is_plain);
}

std::string plain_name_from(std::string_view text) {
  std::string name(text.substr(0, kLongestName));
  std::ranges::replace_if(
      name, [](char c) { return !is_plain(c); }, '_');
  if (!is_plain_name(name)) name = "_" + name.substr(0, kLongestName - 1);
  return name;
}

}  // namespace headway
