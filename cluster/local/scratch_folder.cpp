#include "cluster/local/scratch_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/errors.h"
#include "base/host.h"
#include "base/logging.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{2};
constexpr std::size_t kNameLength = 8;  // short: sockets inside have short paths only

// Where Open MPI itself would put its shared memory.
fs::path memory_folder() {
  return "/dev/shm";
}

fs::path parent_folder() {
  return fs::temp_directory_path() / fmt::format("headway-{}", ::geteuid());
}

fs::path memory_of(const std::string& name) {
  return memory_folder() / fmt::format("headway-{}-{}", ::geteuid(), name);
}

void make_private_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_errno("mkdir", path.string());
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw_errno("lstat", path.string());
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid()) {
    throw EnvironmentError(fmt::format("'{}' is not a folder of this user", path.string()));
  }
}

// Between the making of a folder and its locking nobody may take it for abandoned. The lock is held
// for milliseconds, but for ever by a process that is stopped meanwhile: that must stop no other.
FileDescriptor lock_parent() {
  make_private_folder(parent_folder());
  FileDescriptor lock = open_file(parent_folder() / ".lock", O_RDWR | O_CREAT, 0600);
  for (int tries = kLockTries; ::flock(lock.native(), LOCK_EX | LOCK_NB) != 0; --tries) {
    if (tries == 0) throw_errno("flock", parent_folder().string());
    std::this_thread::sleep_for(kLockPause);
  }
  return lock;
}

bool is_abandoned(const fs::path& folder) {
  const FileDescriptor lock = open_file(folder / kLock, O_RDWR | O_CREAT, 0600);
  return ::flock(lock.native(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

std::optional<ScratchFolder> ScratchFolder::make() {
  try {
    const FileDescriptor guard = lock_parent();
    const std::string name = random_id().substr(0, kNameLength);
    ScratchFolder made;
    made.session_ = parent_folder() / name;
    make_private_folder(made.session_);
    made.lock_ = open_file(made.session_ / kLock, O_RDWR | O_CREAT, 0600);
    if (::flock(made.lock(), LOCK_EX) != 0) throw_errno("flock", made.session_.string());
    made.shared_memory_ = fs::is_directory(memory_folder()) ? memory_of(name) : made.session_;
    make_private_folder(made.shared_memory_);
    return made;
  } catch (const EnvironmentError& error) {
    log_warning("no scratch folder for a worker group: {}", error.what());
    return std::nullopt;
  }
}

void remove_abandoned_scratch() {
  std::error_code ignored;
  if (!fs::exists(parent_folder(), ignored)) return;
  try {
    const FileDescriptor guard = lock_parent();
    for (const auto& entry : fs::directory_iterator(parent_folder())) {
      if (!entry.is_directory() || !is_abandoned(entry.path())) continue;
      const fs::path memory = memory_of(entry.path().filename().string());
      fs::remove_all(memory, ignored);
      // Ranks outlive a killed mpirun by a moment and may be in the way: then the next one removes
      // both, and finds them by the session's folder.
      if (!fs::exists(memory, ignored)) fs::remove_all(entry.path(), ignored);
    }
  } catch (const std::runtime_error& error) {
    log_warning("abandoned scratch folders stay: {}", error.what());
  }
}

}  // namespace headway
