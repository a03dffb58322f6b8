#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

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

/// Of things that are counted: far above what anyone needs, and products of two of them still fit
/// into an integer.
constexpr Limits kCount{.minimum = 1, .maximum = 1e9};
constexpr Limits kCountOrNone{.minimum = 0, .maximum = 1e9};
/// Each is a process or a thread that is started.
constexpr Limits kGroupCount{.minimum = 1, .maximum = 1024};
constexpr Limits kRankCount{.minimum = 1, .maximum = kMostRanks, .power_of_two = true};
constexpr Limits kThreadCount{.minimum = 1, .maximum = 1024};
/// The longest duration, about 27 years: sums of some are still exact, also in nanoseconds.
constexpr double kLongestSeconds = 864e6;
constexpr const char* kDurationExpected =
    "a time such as 2h, 90m, 1h30m, 45s or seconds, at most 10000d";

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
