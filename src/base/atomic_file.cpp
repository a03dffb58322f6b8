#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"

namespace headway {
namespace {

// Random, for hosts that share the folder may share process numbers.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  return path.parent_path() / fmt::format(".{}.{}.tmp", path.filename().string(), random_id());
}

}  // namespace

void replace_file(const std::filesystem::path& path,
                  const std::function<void(int fd)>& write,
                  Durability durability) {
  const std::filesystem::path temporary = temporary_name(path);
  try {
    FileDescriptor file(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.is_open()) throw_errno("open", path.string());  // by the name that its reader knows
    write(file.native());
    const bool flush = durability == Durability::kFlushed;
    if (flush && ::fsync(file.native()) != 0) throw_errno("fsync", path.string());
    file.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("rename", path.string());
    if (flush) flush_directory(path.parent_path());
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void replace_file(const std::filesystem::path& path, std::string_view text, Durability durability) {
  replace_file(
      path, [&](int fd) { write_all(fd, text, path); }, durability);
}

void remove_unfinished(const std::filesystem::path& path) {
  const std::string prefix = fmt::format(".{}.", path.filename().string());
  std::error_code none;
  std::filesystem::directory_iterator entry(path.parent_path(), none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    const std::filesystem::path& file = entry->path();
    const bool is_ours = file.filename().string().starts_with(prefix);
    if (is_ours && file.extension() == ".tmp") ::unlink(file.c_str());
  }
}

}  // namespace headway
