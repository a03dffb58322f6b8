#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// What a field, or an option of a component, may hold.
struct Limits {
  std::optional<double> minimum = {};  // inclusive
  std::optional<double> maximum = {};  // inclusive
  bool exclude_minimum = false;
  bool exclude_maximum = false;
  bool power_of_two = false;
  std::array<std::string_view, 8> choices = {};  // of a text

  bool has_choices() const { return !choices[0].empty(); }
};

constexpr Limits kPositive{.minimum = 0, .exclude_minimum = true};
constexpr Limits kAtLeastZero{.minimum = 0};
constexpr Limits kAtLeastOne{.minimum = 1};
constexpr Limits kFraction{.minimum = 0, .maximum = 1, .exclude_maximum = true};  // [0, 1)

bool within(double value, const Limits& limits);
bool within(std::int64_t value, const Limits& limits);
bool is_choice(std::string_view text, const Limits& limits);
std::vector<std::string> choices_of(const Limits& limits);

/// "a number in [0, 1)", "an integer >= 1", "a number < 1", "a power of two"; `type` is "a number"
/// or "an integer".
std::string expectation(std::string_view type, const Limits& limits);
/// "one of a, b, c (did you mean 'b'?)".
std::string expected_choice(std::string_view found, const std::vector<std::string>& choices);

}  // namespace headway
