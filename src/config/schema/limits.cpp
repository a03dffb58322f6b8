#include "config/schema/limits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "base/nearest_name.h"

namespace headway {

bool within(double value, const Limits& limits) {
  if (limits.minimum && value < *limits.minimum) return false;
  if (limits.minimum && limits.exclude_minimum && value == *limits.minimum) return false;
  if (limits.maximum && value > *limits.maximum) return false;
  return !(limits.maximum && limits.exclude_maximum && value == *limits.maximum);
}

bool within(std::int64_t value, const Limits& limits) {
  if (limits.power_of_two && !std::has_single_bit(static_cast<std::uint64_t>(value))) return false;
  return within(static_cast<double>(value), limits);
}

std::string expectation(std::string_view type, const Limits& limits) {
  if (limits.power_of_two) type = "a power of two";
  if (limits.minimum && limits.maximum) {
    return fmt::format("{} in {}{}, {}{}",
                       type,
                       limits.exclude_minimum ? '(' : '[',
                       *limits.minimum,
                       *limits.maximum,
                       limits.exclude_maximum ? ')' : ']');
  }
  if (limits.minimum) {
    return fmt::format("{} {} {}", type, limits.exclude_minimum ? ">" : ">=", *limits.minimum);
  }
  if (limits.maximum) {
    return fmt::format("{} {} {}", type, limits.exclude_maximum ? "<" : "<=", *limits.maximum);
  }
  return std::string(type);
}

bool is_choice(std::string_view text, const Limits& limits) {
  return std::ranges::find(limits.choices, text) != limits.choices.end() && !text.empty();
}

std::vector<std::string> choices_of(const Limits& limits) {
  std::vector<std::string> choices;
  for (const std::string_view choice : limits.choices) {
    if (!choice.empty()) choices.emplace_back(choice);
  }
  return choices;
}

std::string expected_choice(std::string_view found, const std::vector<std::string>& choices) {
  std::string expected = fmt::format("one of {}", fmt::join(choices, ", "));
  if (const auto near = nearest_name(found, choices)) {
    expected += fmt::format(" (did you mean '{}'?)", *near);
  }
  return expected;
}

}  // namespace headway
