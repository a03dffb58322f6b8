#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headway {

// How text of a sweep file is read as a value. Nothing when it is no such value.

/// Decimal, finite; a sign and an exponent are allowed.
std::optional<double> parse_number(std::string_view text);
/// "nan", "inf", and what is too large or too small for a double: "1e400", "1e-400".
bool is_beyond_numbers(const std::string& text);
std::optional<std::int64_t> parse_integer(std::string_view text);
/// true, false, yes, no, on, off (YAML 1.1), whatever the case.
std::optional<bool> parse_flag(std::string_view text);
/// "2h", "90m", "1h30m", "45s", "1d", or plain seconds; more than 0, at
/// most kLongestSeconds.
std::optional<double> parse_duration_seconds(std::string_view text);
/// In seconds. sbatch's and squeue's forms: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S.
std::optional<double> parse_slurm_time(std::string_view text);

}  // namespace headway
