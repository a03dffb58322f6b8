#include "base/watched_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "base/errors.h"

namespace headway {

WatchedFolder::WatchedFolder(std::filesystem::path folder)
    : folder_(std::move(folder)), inode_(inode_of(folder_)) {}

std::optional<WatchedFolder::Inode> WatchedFolder::inode_of(const std::filesystem::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return std::nullopt;
  return Inode{info.st_dev, info.st_ino};
}

bool WatchedFolder::is_gone() const {
  if (!inode_) return false;
  const auto now = inode_of(folder_);
  return now ? *now != *inode_ : is_absent(folder_);
}

void make_last_directories(const std::filesystem::path& path, int levels, Durability durability) {
  std::filesystem::path above = path;
  for (int level = 0; level < levels; ++level) above = above.parent_path();
  if (!above.empty() && is_absent(above)) {
    throw EnvironmentError(
        fmt::format("{}: not made, as '{}' is gone", path.string(), above.string()));
  }
  make_directories(path, durability);
}

}  // namespace headway
