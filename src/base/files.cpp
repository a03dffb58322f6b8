#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/errors.h"
#include "base/lost_pages.h"

namespace headway {
namespace {

bool means_absent(int error) {
  return error == ENOENT || error == ENOTDIR;
}

[[noreturn]] void throw_wrong_kind(const std::filesystem::path& path, mode_t mode) {
  throw UnfitFileError(
      fmt::format("{}: found {}, expected a regular file", path.string(), kind_of_file(mode)));
}

[[noreturn]] void throw_too_large(const std::filesystem::path& path, std::uint64_t most_bytes) {
  throw UnfitFileError(fmt::format(
      "{}: more than {} bytes, which such a file never has", path.string(), most_bytes));
}

}  // namespace

const char* kind_of_file(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool is_there(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (!means_absent(errno)) throw_errno("stat", path.string());
  return false;
}

bool is_absent(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) != 0 && means_absent(errno);
}

FileDescriptor open_file(const std::filesystem::path& path, int flags, int mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("open", path.string());
  return FileDescriptor(fd);
}

FileDescriptor open_regular(const std::filesystem::path& path, Links links) {
  const int no_links = links == Links::kRefuse ? O_NOFOLLOW : 0;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | no_links);
  // Of a link that is not to be followed and of a socket alike, open says little.
  struct stat info {};
  if (fd < 0) {
    const int reason = errno;
    const bool is_known = ::lstat(path.c_str(), &info) == 0;
    if (is_known && (reason == ELOOP || reason == ENXIO)) throw_wrong_kind(path, info.st_mode);
    errno = reason;
    throw_errno("open", path.string());
  }
  FileDescriptor file(fd);
  if (::fstat(fd, &info) != 0) throw_errno("fstat", path.string());
  if (!S_ISREG(info.st_mode)) throw_wrong_kind(path, info.st_mode);
  return file;
}

void make_directories(const std::filesystem::path& path, Durability durability) {
  std::error_code unknown;
  if (path.empty() || std::filesystem::is_directory(path, unknown)) return;
  // Only from what is missing: a path too long to be looked at has as many folders above it.
  if (const auto above = path.parent_path(); is_absent(above)) make_directories(above, durability);
  if (::mkdir(path.c_str(), 0777) != 0) {
    if (errno != EEXIST) throw_errno("mkdir", path.string());
  } else if (durability == Durability::kFlushed) {
    flush_directory(path.parent_path());
  }
}

void flush_directory(const std::filesystem::path& directory) {
  const FileDescriptor handle =
      open_file(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
  // Some network file systems refuse to flush directories; they order renames themselves.
  if (::fsync(handle.native()) != 0 && errno != EINVAL) throw_errno("fsync", directory.string());
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", path.string());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_text(const std::filesystem::path& path, std::uint64_t most_bytes, Links links) {
  const FileDescriptor file = open_regular(path, links);
  struct stat info {};
  if (::fstat(file.native(), &info) != 0) throw_errno("fstat", path.string());
  const auto expected = static_cast<std::uint64_t>(info.st_size);  // of /proc: 0
  if (expected > most_bytes) throw_too_large(path, most_bytes);
  std::string text;
  text.reserve(expected);
  std::string chunk(1 << 16, '\0');
  while (true) {
    const ssize_t count = ::read(file.native(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("read", path.string());
    if (count == 0) return text;
    text.append(chunk, 0, static_cast<std::size_t>(count));
    if (text.size() > most_bytes) throw_too_large(path, most_bytes);
  }
}

MappedFile::MappedFile(const std::filesystem::path& path, Links links)
    : MappedFile(open_regular(path, links).native(), path.string()) {}

MappedFile::MappedFile(int fd, std::string_view name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno("fstat", name);
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ == 0) return;
  address_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
  if (address_ == MAP_FAILED) {
    address_ = nullptr;
    throw_errno("mmap", name);
  }
  remember_mapping(address_, size_, name);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (address_ == nullptr) return;
  forget_mapping(address_);
  ::munmap(address_, size_);
}

}  // namespace headway
