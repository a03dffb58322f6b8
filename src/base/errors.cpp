#include "base/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>

namespace headway {

ConfigErrors::ConfigErrors(std::vector<std::string> messages)
    : ConfigError(fmt::format("{}", fmt::join(messages, "\n"))), messages_(std::move(messages)) {}

void expects(bool condition, std::string_view what) {
  if (!condition) throw std::logic_error(fmt::format("internal error: {}", what));
}

void throw_errno(std::string_view call, std::string_view path) {
  const char* reason = std::strerror(errno);
  if (path.empty()) throw EnvironmentError(fmt::format("{} failed: {}", call, reason));
  throw EnvironmentError(fmt::format("{}: {} failed: {}", path, call, reason));
}

}  // namespace headway
