#pragma once

#include <string>

namespace headway {

/// What `headway --version` prints: this build and the libraries it is made of. Starts no process
/// and loads nothing.
std::string version_text();

}  // namespace headway
