#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

#include "base/ids.h"

namespace headway {

/// The trial id that begins with `hex`, with zeros behind.
inline TrialId id_beginning(std::string hex) {
  hex.resize(TrialIdRule::kDigits, '0');
  return TrialId(std::move(hex));
}

/// Another trial id for each number.
inline TrialId id_numbered(std::size_t number) {
  return TrialId(fmt::format("{:012x}", number));
}

}  // namespace headway
