#pragma once

#include <string_view>

namespace headway {

/// A name that a file may have in the folder of segments, and that is the path of nothing else.
/// Heartbeats and rows of the database tell such names, too.
inline bool is_segment_name(std::string_view name) {
  constexpr std::string_view kExtension = ".jsonl";
  constexpr std::size_t kMostBytes = 255;  // that a file system takes
  constexpr std::string_view kEndsAName("/\0", 2);
  return name.size() > kExtension.size() && name.size() <= kMostBytes &&
         name.ends_with(kExtension) && name.find_first_of(kEndsAName) == std::string_view::npos;
}

}  // namespace headway
