#pragma once

#include <string_view>

namespace headway {

struct BuildInfo {
  std::string_view version;       // "0.1.0"
  std::string_view git_revision;  // 12 hex digits, "-dirty" when the tree was changed
  std::string_view build_type;
  std::string_view compiler;
};

BuildInfo build_info();

}  // namespace headway
