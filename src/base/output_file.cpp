#include "base/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/text.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPermissions = 07777;

std::optional<mode_t> mode_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return info.st_mode;
  if (errno == ENOTDIR) {
    throw ConfigError(fmt::format("{} is below a file; expected the name of a file to write",
                                  in_quotes(path.string())));
  }
  if (errno != ENOENT) throw_errno("stat", path.string());
  return std::nullopt;
}

// Where the links that `path` is lead to, also when nothing is there yet.
fs::path followed(const fs::path& path) {
  constexpr int kMostLinks = 40;  // as the kernel
  fs::path place = path;
  std::error_code unknown;
  for (int links = 0; links < kMostLinks; ++links) {
    if (!fs::is_symlink(fs::symlink_status(place, unknown))) return place;
    place = place.parent_path() / fs::read_symlink(place);
  }
  throw ConfigError(fmt::format("{} leads from link to link", in_quotes(path.string())));
}

void expect_folder_of(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (mode_of(folder)) return;
  throw ConfigError(fmt::format("there is no folder {} to write {} into; make it first",
                                in_quotes(folder.string()),
                                in_quotes(file.filename().string())));
}

}  // namespace

OutputPlace output_place(const fs::path& path) {
  if (path == "-") return OutputPlace::kStandardOutput;
  const std::optional<mode_t> mode = mode_of(path);
  if (!mode) {
    expect_folder_of(followed(path));
    return OutputPlace::kNothing;
  }
  if (S_ISREG(*mode)) return OutputPlace::kFile;
  if (S_ISFIFO(*mode) || S_ISCHR(*mode)) return OutputPlace::kStream;
  if (S_ISBLK(*mode)) return OutputPlace::kDisk;
  throw ConfigError(fmt::format("{} is {}; expected the name of a file to write",
                                in_quotes(path.string()),
                                S_ISDIR(*mode) ? "a directory" : "a socket"));
}

void write_output(const fs::path& path, const std::function<void(int fd)>& write) {
  const OutputPlace place = output_place(path);
  if (place == OutputPlace::kStandardOutput) return write(STDOUT_FILENO);
  if (place == OutputPlace::kStream || place == OutputPlace::kDisk) {
    return write(open_file(path, O_WRONLY | O_NOCTTY).native());
  }
  const fs::path file = followed(path);
  const std::optional<mode_t> mode = mode_of(file);
  replace_file(file, [&](int fd) {
    // Before there is anything to read in it.
    if (mode && ::fchmod(fd, *mode & kPermissions) != 0) throw_errno("fchmod", file.string());
    write(fd);
  });
}

}  // namespace headway
