#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/files.h"

namespace headway {

/// Replaces `path` by what `write` writes to a descriptor, which may be read too: a temporary file
/// beside it is written, flushed, renamed over, and the directory flushed. Readers see the old file
/// or the new one, whole; on any failure the old file stands and the temporary one is removed
/// (after a failed flush of the directory, the new file stands, but may be lost with the machine).
void replace_file(const std::filesystem::path& path,
                  const std::function<void(int fd)>& write,
                  Durability durability = Durability::kFlushed);
void replace_file(const std::filesystem::path& path,
                  std::string_view text,
                  Durability durability = Durability::kFlushed);

/// Removes what writers of `path` that were killed have left beside it. Nobody else may be writing
/// it: a temporary file that is removed under its writer is an error to that one.
void remove_unfinished(const std::filesystem::path& path);

}  // namespace headway
