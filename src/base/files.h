#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"

namespace headway {

/// Owns a POSIX file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { reset(); }

  int native() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// What is at a path cannot be the file that is meant: it is of another kind, or larger than such a
/// file ever is.
class UnfitFileError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// "a directory", "a named pipe", ...: of a mode as stat(2) tells it.
const char* kind_of_file(mode_t mode);

/// Whether there is a file of any kind at `path`, links followed. EnvironmentError when that cannot
/// be told, which is not "no": a disk that fails (InputOutputError), a folder nobody may look into.
bool is_there(const std::filesystem::path& path);
/// Whether nothing is at `path`, for certain: false also when that cannot be told.
bool is_absent(const std::filesystem::path& path);

/// open(2) with O_CLOEXEC; EnvironmentError naming the path on failure.
FileDescriptor open_file(const std::filesystem::path& path, int flags, int mode = 0644);

enum class Links { kFollow, kRefuse };

/// Opens a regular file for reading and never waits, as opening a pipe would. EnvironmentError says
/// what else `path` is; kRefuse: a symbolic link is an error too.
FileDescriptor open_regular(const std::filesystem::path& path, Links links = Links::kFollow);

/// Whether a change survives a power cut once it is made. kAtomicOnly leaves out the flushes: for
/// what may be lost with the machine, such as heartbeats.
enum class Durability { kFlushed, kAtomicOnly };

/// Makes the folder and those above it where they are missing.
void make_directories(const std::filesystem::path& path,
                      Durability durability = Durability::kFlushed);

/// fsync of a directory, so that a rename or a new file in it survives a power cut.
void flush_directory(const std::filesystem::path& directory);

/// Writes all bytes, resuming after short writes and EINTR.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// A whole regular file. EnvironmentError when it has more than `most_bytes`.
std::string read_text(const std::filesystem::path& path,
                      std::uint64_t most_bytes,
                      Links links = Links::kFollow);

/// A whole regular file mapped read-only; pages are shared by all processes of the machine.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path, Links links = Links::kFollow);
  /// An open file; `name` says in errors which.
  MappedFile(int fd, std::string_view name);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(address_), size_};
  }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace headway
