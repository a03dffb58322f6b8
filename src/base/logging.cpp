#include "base/logging.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>
#include <string>

#include "base/text.h"

namespace headway {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    // Not by the C library's stderr: what is done to std::cerr holds for log lines, too.
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(std::cerr, /*force_flush=*/true);
    auto made = std::make_shared<spdlog::logger>("headway", std::move(sink));
    made->set_pattern("%H:%M:%S.%e %-5l %v");
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// What a terminal would obey is written out, and no line of `text` but the first can pass for one
// of the log's own.
std::string safe_lines(std::string_view text) {
  std::string lines;
  for (const char c : printable(text, Newlines::kKeep)) {
    lines += c;
    if (c == '\n') lines += "  ";
  }
  return lines;
}

}  // namespace

void start_logging(int rank, int size) {
  if (size > 1) logger().set_pattern(fmt::format("%H:%M:%S.%e %-5l [rank {}] %v", rank));
  if (rank != 0) logger().set_level(spdlog::level::warn);
}

void log_line(LogLevel level, std::string_view text) {
  logger().log(level_of(level), "{}", safe_lines(text));
  logger().flush();
}

}  // namespace headway
