// Preloaded, lets file operations of a program fail at random: each call on a path below
// $FLAKY_FOLDER, or on a descriptor of one, fails with EIO with probability $FLAKY_PROBABILITY, in
// programs one of whose arguments is $FLAKY_ARGUMENT. $FLAKY_SEED chooses which calls.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

// By the real calls: those here would ask again.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_meant() {
  static const auto real_open = next<int(const char*, int, ...)>("open");
  static const auto real_read = next<ssize_t(int, void*, size_t)>("read");
  const int file = real_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 4096> text{};
  const ssize_t length = real_read(file, text.data(), text.size() - 1);
  ::close(file);
  const std::string_view wanted = variable("FLAKY_ARGUMENT");
  for (ssize_t place = 0; place < length;) {
    const std::string_view word(text.data() + place);
    if (word == wanted) return true;
    place += static_cast<ssize_t>(word.size()) + 1;
  }
  return false;
}

std::uint64_t mixed(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

bool fails(std::string_view path) {
  static const std::string_view folder = variable("FLAKY_FOLDER");
  static const double probability = std::atof(variable("FLAKY_PROBABILITY"));
  static const std::uint64_t seed = std::strtoull(variable("FLAKY_SEED"), nullptr, 10);
  static const bool meant = is_meant();
  static std::atomic<std::uint64_t> calls = 0;
  if (!meant || folder.empty() || path.substr(0, folder.size()) != folder) return false;
  constexpr double kRange = 18446744073709551616.0;  // 2^64
  const double drawn = static_cast<double>(mixed(seed * 1000003 + ++calls)) / kRange;
  if (drawn >= probability) return false;
  errno = EIO;
  return true;
}

bool fails(int file) {
  std::array<char, 32> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  std::array<char, 4096> path{};
  const int reason = errno;
  const ssize_t length = ::readlink(link.data(), path.data(), path.size());
  errno = reason;
  return length > 0 && fails(std::string_view(path.data(), static_cast<std::size_t>(length)));
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define NEXT(name) static const auto real = next<decltype(::name)>(#name)

extern "C" {

int open(const char* path, int flags, ...) {
  NEXT(open);
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(path) ? -1 : real(path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  NEXT(openat);
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(path) ? -1 : real(folder, path, flags, mode);
}

DIR* opendir(const char* path) {
  NEXT(opendir);
  return fails(path) ? nullptr : real(path);
}
FILE* fopen(const char* path, const char* mode) {
  NEXT(fopen);
  return fails(path) ? nullptr : real(path, mode);
}
ssize_t read(int file, void* into, size_t bytes) {
  NEXT(read);
  return fails(file) ? -1 : real(file, into, bytes);
}
ssize_t pread(int file, void* into, size_t bytes, off_t offset) {
  NEXT(pread);
  return fails(file) ? -1 : real(file, into, bytes, offset);
}
ssize_t write(int file, const void* from, size_t bytes) {
  NEXT(write);
  return fails(file) ? -1 : real(file, from, bytes);
}
int fsync(int file) {
  NEXT(fsync);
  return fails(file) ? -1 : real(file);
}
int ftruncate(int file, off_t size) {
  NEXT(ftruncate);
  return fails(file) ? -1 : real(file, size);
}
int rename(const char* from, const char* to) {
  NEXT(rename);
  return fails(to) ? -1 : real(from, to);
}
int mkdir(const char* path, mode_t mode) {
  NEXT(mkdir);
  return fails(path) ? -1 : real(path, mode);
}
int unlink(const char* path) {
  NEXT(unlink);
  return fails(path) ? -1 : real(path);
}
int stat(const char* path, struct stat* info) {
  NEXT(stat);
  return fails(path) ? -1 : real(path, info);
}
int lstat(const char* path, struct stat* info) {
  NEXT(lstat);
  return fails(path) ? -1 : real(path, info);
}
int fstat(int file, struct stat* info) {
  NEXT(fstat);
  return fails(file) ? -1 : real(file, info);
}

}  // extern "C"
