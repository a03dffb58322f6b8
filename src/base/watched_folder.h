#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/files.h"

namespace headway {

/// Notices that a folder was moved away, deleted or replaced since.
class WatchedFolder {
 public:
  /// One that is not there, or cannot be looked at, is never taken for gone.
  explicit WatchedFolder(std::filesystem::path folder);

  const std::filesystem::path& path() const { return folder_; }
  /// A failing disk or file server does not count.
  bool is_gone() const;

 private:
  struct Inode {
    dev_t device = 0;
    ino_t number = 0;

    bool operator==(const Inode&) const = default;
  };
  static std::optional<Inode> inode_of(const std::filesystem::path& folder);

  std::filesystem::path folder_;
  std::optional<Inode> inode_;
};

/// As make_directories, but at most the last `levels` of `path`: what is above them must be there.
/// For folders within one that nobody shall make anew, should it be moved away under way.
void make_last_directories(const std::filesystem::path& path,
                           int levels,
                           Durability durability = Durability::kFlushed);

}  // namespace headway
