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
#include "base/file_lock.h"
#include "base/host.h"
#include "base/logging.h"
#include "base/temporary_files.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{2};
constexpr std::size_t kNameLength = 8;  // short: sockets inside have short paths only

// Where Open MPI itself would put its shared memory.
fs::path memory_root() {
  return "/dev/shm";
}

fs::path own_folder(const fs::path& root) {
  return root / fmt::format("headway-{}", ::geteuid());
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
FileDescriptor lock_root(const fs::path& root) {
  const fs::path own = own_folder(root);
  make_private_folder(own);
  FileDescriptor lock = open_file(own / ".lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  for (int tries = kLockTries; ::flock(lock.native(), LOCK_EX | LOCK_NB) != 0; --tries) {
    if (tries == 0) {
      throw EnvironmentError(fmt::format(
          "'{}' is locked: {} holds it", (own / ".lock").string(), lock_holder(lock.native())));
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return lock;
}

bool is_abandoned(const fs::path& folder) {
  const FileDescriptor lock = open_file(folder / kLock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  return ::flock(lock.native(), LOCK_EX | LOCK_NB) == 0;
}

// Ranks outlive a killed mpirun by a moment and may be in the way: then the next one removes it.
void remove_abandoned_in(const fs::path& root) {
  std::error_code ignored;
  if (!fs::exists(own_folder(root), ignored)) return;
  try {
    const FileDescriptor guard = lock_root(root);
    for (const auto& entry : fs::directory_iterator(own_folder(root))) {
      const bool is_folder = entry.is_directory() && !entry.is_symlink();
      if (is_folder && is_abandoned(entry.path())) fs::remove_all(entry.path(), ignored);
    }
  } catch (const std::runtime_error& error) {
    log_warning("abandoned scratch folders stay: {}", error.what());
  }
}

}  // namespace

ScratchFolder::HeldFolder ScratchFolder::make_in(const fs::path& root, const std::string& name) {
  const FileDescriptor guard = lock_root(root);
  HeldFolder made{.path = own_folder(root) / name, .lock = {}};
  make_private_folder(made.path);
  made.lock = open_file(made.path / kLock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (::flock(made.lock.native(), LOCK_EX | LOCK_NB) != 0) throw_errno("flock", made.path.string());
  return made;
}

std::optional<ScratchFolder> ScratchFolder::make() {
  try {
    const std::string name = random_id().substr(0, kNameLength);
    ScratchFolder made;
    made.session_ = make_in(any_temporary_directory(), name);
    std::error_code unknown;
    if (fs::is_directory(memory_root(), unknown)) {
      made.shared_memory_ = make_in(memory_root(), name + "-shm");
    }
    return made;
  } catch (const EnvironmentError& error) {
    log_warning("no scratch folder for a worker group: {}", error.what());
    return std::nullopt;
  }
}

std::vector<int> ScratchFolder::locks() const {
  std::vector<int> locks{session_.lock.native()};
  if (shared_memory_) locks.push_back(shared_memory_->lock.native());
  return locks;
}

void remove_abandoned_scratch() {
  remove_abandoned_in(memory_root());
  try {
    const fs::path root = any_temporary_directory();
    if (root != memory_root()) remove_abandoned_in(root);
  } catch (const EnvironmentError&) {
    return;  // nothing can be anywhere
  }
}

}  // namespace headway
