#pragma once

#include <string>

namespace headway {

/// One field as RFC 4180 wants it: quoted when it must be, control characters but newlines written
/// out. A text that a spreadsheet would take for a formula gets a ' in front; numbers stay as they
/// are.
std::string csv_field(const std::string& text);

}  // namespace headway
