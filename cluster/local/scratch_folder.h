#pragma once

#include <filesystem>
#include <optional>

#include "base/files.h"

namespace headway {

/// Where the MPI runtime of one worker group puts its session files and shared memory. mpirun takes
/// them away when it ends; killed, it cannot, and a machine's memory would fill up with them. So
/// every group has folders of its own, held by a lock that its processes inherit: while one of them
/// lives, the lock is taken, and once it is free, anyone may remove the folders.
class ScratchFolder {
 public:
  /// Nothing when no folder can be made: the runtime then uses its default places.
  static std::optional<ScratchFolder> make();

  const std::filesystem::path& session() const { return session_; }
  const std::filesystem::path& shared_memory() const { return shared_memory_; }
  /// Holds the lock; to be left open in the group's first process.
  int lock() const { return lock_.native(); }

 private:
  ScratchFolder() = default;

  std::filesystem::path session_;
  std::filesystem::path shared_memory_;
  FileDescriptor lock_;
};

/// Removes this user's scratch folders on this machine whose groups are gone, of whatever sweep.
void remove_abandoned_scratch();

}  // namespace headway
