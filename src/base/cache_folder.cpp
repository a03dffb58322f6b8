#include "base/cache_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/environment.h"
#include "base/errors.h"
#include "base/files.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0700;

// Members of the group can exchange files of a folder, but not who owns them: files are looked at
// one by one. A folder such as /tmp (sticky) is as good as one that only its owner can write to.
std::optional<std::string> distrust_of(const struct stat& folder, uid_t other_owner) {
  if (folder.st_uid != ::geteuid() && folder.st_uid != other_owner) {
    return fmt::format(
        "it belongs to another user (uid {}, this is {})", folder.st_uid, ::geteuid());
  }
  if ((folder.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_ISVTX) == 0) {
    return fmt::format("any user can write to it (mode {:04o}; `chmod o-w` mends that)",
                       folder.st_mode & 07777U);
  }
  return std::nullopt;
}

std::string not_used(const fs::path& folder, const std::string& why) {
  return fmt::format(
      "the cache folder '{}' is not used: {}; set HEADWAY_CACHE to a folder of yours",
      folder.string(),
      why);
}

void make_own_directory(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
    throw_errno("mkdir", folder.string());
  }
}

}  // namespace

// Follows links: where the cache lies is the user's choice. Root may own it.
std::optional<std::string> distrust_of_cache() {
  const fs::path root = cache_directory();
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) return std::nullopt;
  const auto why = distrust_of(info, /*other_owner=*/0);
  return why ? std::optional(not_used(root, *why)) : std::nullopt;
}

fs::path cache_folder(const std::string& name) {
  const fs::path root = cache_directory();
  make_directories(root.parent_path(), Durability::kAtomicOnly);
  make_own_directory(root);
  if (const auto why = distrust_of_cache()) throw EnvironmentError(*why);
  fs::path folder = root / name;
  make_own_directory(folder);
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0) throw_errno("lstat", folder.string());
  if (!S_ISDIR(info.st_mode)) throw EnvironmentError(not_used(folder, "it is no folder itself"));
  const auto why = distrust_of(info, /*other_owner=*/::geteuid());
  if (why) throw EnvironmentError(not_used(folder, *why));
  return folder;
}

void expect_own_file(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno("fstat", path.string());
  if (info.st_uid != ::geteuid()) {
    throw EnvironmentError(fmt::format("{}: belongs to another user (uid {}, this is {})",
                                       path.string(),
                                       info.st_uid,
                                       ::geteuid()));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw EnvironmentError(fmt::format(
        "{}: other users can write to it (mode {:04o})", path.string(), info.st_mode & 07777U));
  }
}

}  // namespace headway
