#pragma once

#include <string>

namespace headway {

/// "2026-05-01T12:34:56.789Z": the form of every time in records and the store.
std::string utc_timestamp();

/// Seconds on a clock that never jumps; only differences mean anything, and only in this process.
double monotonic_seconds();

/// "1h02m", "3m20s", "12.3s", "85ms": for people; "-" for what is no duration.
std::string format_duration(double seconds);

}  // namespace headway
