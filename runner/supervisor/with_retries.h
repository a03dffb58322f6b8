#pragma once

#include <fmt/ostream.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "base/retry_after_io_errors.h"
#include "base/retry_while_disk_full.h"
#include "base/text.h"

namespace headway {

/// What `action` returns, done again when the disk fails at it, see retry_after_io_errors, and
/// while it is full. The user hears of the first failure.
template <typename Action>
auto with_retries(std::ostream& err, const Action& action) {
  std::optional<decltype(action())> result;
  bool is_told = false;
  const auto tell = [&](const std::string& what) {
    if (!std::exchange(is_told, true)) {
      fmt::print(err, "{}; trying again\n", printable(what));
    }
  };
  const auto wait = [&](const std::string& what) {
    fmt::print(err, "{}; waiting until there is room\n", printable(what));
  };
  retry_while_disk_full(
      [&] { retry_after_io_errors([&] { result.emplace(action()); }, {.failed = tell}); },
      {.began = wait});
  return std::move(*result);
}

}  // namespace headway
