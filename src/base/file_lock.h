#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace headway {

/// What happens while another process holds a lock.
struct LockWait {
  std::chrono::milliseconds in_silence{5000};  // then it is said, and once a minute again
  /// Says what is waited for, with the holder's process where it is known; on standard error when
  /// not set.
  std::function<void(const std::string& what)> say = {};
};

/// Takes an exclusive flock(2) on an open file, and waits for it as long as it takes. False where
/// the file system has no locks. EnvironmentError naming `path` when it fails otherwise.
bool lock_exclusively(int fd, const std::filesystem::path& path, const LockWait& wait = {});

/// "process 123 (python3)", with what it is doing when it is stopped, for one that holds a flock on
/// this file; "another process" where the kernel does not tell, as of other hosts.
std::string lock_holder(int fd);

/// The lock that a thread of this process has been waiting for longer than in silence, and who
/// holds it; "" when there is none.
std::string awaited_lock();

}  // namespace headway
