#pragma once

#include <string>

namespace headway {

/// One field as RFC 4180 wants it: quoted when it must be.
std::string csv_field(const std::string& text);

}  // namespace headway
