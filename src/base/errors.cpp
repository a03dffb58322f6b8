#include "base/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>

#include "base/access_error.h"
#include "base/input_output_error.h"

namespace headway {
namespace {

bool denies_access(int error) {
  return error == EACCES || error == EPERM || error == EROFS || error == ENOENT || error == ENOTDIR;
}

}  // namespace

ConfigErrors::ConfigErrors(std::vector<std::string> messages)
    : ConfigError(fmt::format("{}", fmt::join(messages, "\n"))), messages_(std::move(messages)) {}

void throw_broken_expectation(std::string_view what) {
  throw std::logic_error(fmt::format("internal error: {}", what));
}

void throw_errno(std::string_view call, std::string_view path) {
  const int error = errno;
  std::string message = fmt::format("{} failed: {}", call, std::strerror(error));
  if (!path.empty()) message = fmt::format("{}: {}", path, message);
  if (error == ENOSPC || error == EDQUOT) throw DiskFullError(message);
  if (is_input_output_error(error)) throw InputOutputError(message);
  if (!path.empty() && denies_access(error)) throw AccessError(message, path);
  throw EnvironmentError(message);
}

bool is_input_output_error(int error) {
  return error == EIO || error == EREMOTEIO || error == ESTALE || error == ETIMEDOUT;
}

}  // namespace headway
