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
  /// Asked while it waits: true ends the wait without the lock.
  std::function<bool()> give_up = [] { return false; };
};

enum class LockOutcome {
  kTaken,
  kUnsupported,  // the file system has no locks
  kGivenUp,
};

/// Takes an exclusive flock(2) on an open file, and waits for it as long as it takes.
/// EnvironmentError naming `path` when it fails.
LockOutcome lock_exclusively(int fd, const std::filesystem::path& path, const LockWait& wait = {});

/// "process 123 (python3)", with what it is doing when it is stopped, for one that holds a flock on
/// this file; "another process" where the kernel does not tell, as of other hosts.
std::string lock_holder(int fd);

/// The lock that a thread of this process has been waiting for longer than in silence, and who
/// holds it; "" when there is none.
std::string awaited_lock();

}  // namespace headway
