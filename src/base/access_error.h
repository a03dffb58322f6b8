#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/errors.h"

namespace headway {

/// A path cannot be made, opened or changed as things stand (no permission, read-only, a folder
/// that is missing or none): whoever knows what it is for can say what to do. throw_errno throws
/// it.
class AccessError : public EnvironmentError {
 public:
  AccessError(const std::string& message, std::filesystem::path path)
      : EnvironmentError(message), path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace headway
