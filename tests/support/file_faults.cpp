#include "support/file_faults.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

// The names are the linker's: with --wrap=write, calls of write go to __wrap_write, and
// __real_write is libc's. NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {
int __real_open(const char* path, int flags, ...);
ssize_t __real_write(int fd, const void* bytes, size_t count);
int __real_fsync(int fd);
int __real_rename(const char* from, const char* to);
int __real_ftruncate(int fd, off_t size);
int __real_unlink(const char* path);
int __real_mkdir(const char* path, mode_t mode);
}

namespace {

using headway::FileFault;

// Atomic, for a checkpoint is written by a thread of its own.
std::atomic<int> operations_left = 0;  // until the fault; 0: none is armed
std::atomic<bool> is_reached = false;
std::atomic<bool> is_lasting = false;
std::atomic<FileFault> armed_fault = FileFault::kInputOutputError;

enum class Needs { kRoom, kNoRoom };

bool strikes(Needs needs) {
  if (is_lasting.load()) return needs == Needs::kRoom;
  if (operations_left.load() == 0 || operations_left.fetch_sub(1) != 1) return false;
  is_reached = true;
  if (armed_fault != FileFault::kDiskFull) return true;
  is_lasting = true;
  return needs == Needs::kRoom;
}

int failure() {
  if (armed_fault == FileFault::kDeath) ::_exit(headway::file_faults::kDeathStatus);
  errno = armed_fault == FileFault::kDiskFull ? ENOSPC : EIO;
  return -1;
}

}  // namespace

extern "C" {

int __wrap_open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (strikes((flags & O_CREAT) != 0 ? Needs::kRoom : Needs::kNoRoom)) return failure();
  return __real_open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void* bytes, size_t count) {
  const bool was_full = is_lasting;
  if (!strikes(Needs::kRoom)) return __real_write(fd, bytes, count);
  const bool half = armed_fault != FileFault::kInputOutputError && !was_full && count > 1;
  const ssize_t written = half ? __real_write(fd, bytes, count / 2) : 0;
  if (written > 0 && armed_fault == FileFault::kDiskFull) return written;
  return failure();
}

int __wrap_fsync(int fd) {
  return strikes(Needs::kRoom) ? failure() : __real_fsync(fd);
}

int __wrap_rename(const char* from, const char* to) {
  return strikes(Needs::kRoom) ? failure() : __real_rename(from, to);
}

int __wrap_ftruncate(int fd, off_t size) {
  return strikes(Needs::kNoRoom) ? failure() : __real_ftruncate(fd, size);
}

int __wrap_unlink(const char* path) {
  return strikes(Needs::kNoRoom) ? failure() : __real_unlink(path);
}

int __wrap_mkdir(const char* path, mode_t mode) {
  return strikes(Needs::kRoom) ? failure() : __real_mkdir(path, mode);
}

}  // NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace headway::file_faults {

void arm(int operation, FileFault fault) {
  is_reached = false;
  is_lasting = false;
  armed_fault = fault;
  operations_left = operation;
}

bool lift() {
  operations_left = 0;
  is_lasting = false;
  return is_reached;
}

}  // namespace headway::file_faults
