#include "base/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace headway {
namespace {

std::shared_ptr<spdlog::logger> logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("headway");
    made->set_pattern("%H:%M:%S.%e %-5l %v");
    return made;
  }();
  return instance;
}

}  // namespace

void start_logging(int rank, int size) {
  if (size > 1) logger()->set_pattern(fmt::format("%H:%M:%S.%e %-5l [rank {}] %v", rank));
  if (rank != 0) logger()->set_level(spdlog::level::warn);
}

void log_line(LogLevel level, std::string_view text) {
  switch (level) {
    case LogLevel::kInfo:
      logger()->info("{}", text);
      break;
    case LogLevel::kWarning:
      logger()->warn("{}", text);
      break;
    case LogLevel::kError:
      logger()->error("{}", text);
      break;
  }
  logger()->flush();
}

}  // namespace headway
