#pragma once

#include <fmt/format.h>

#include <string_view>

namespace headway {

enum class LogLevel { kInfo, kWarning, kError };

/// Lines on standard error: "12:34:56 info  [rank 1] text". Rank 0 alone prints info lines.
void start_logging(int rank = 0, int size = 1);
void log_line(LogLevel level, std::string_view text);

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace headway
