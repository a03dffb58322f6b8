#pragma once

#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/limits.h"

namespace headway {

/// All of a file that a test made.
inline std::string text_of(const std::filesystem::path& file) {
  return read_text(file, kLargestRecord);
}

}  // namespace headway
