#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace headway {

/// Where the MPI runtime of one worker group puts its session files and shared memory. mpirun takes
/// them away when it ends; killed, it cannot, and a machine's memory would fill up with them. So
/// every group has folders of its own, each held by a lock in it that the group's first process
/// inherits: while that lives, the lock is taken, and once it is free, anyone may remove the
/// folder.
class ScratchFolder {
 public:
  /// Nothing when no folder can be made: the runtime then uses its default places.
  static std::optional<ScratchFolder> make();

  const std::filesystem::path& session() const { return session_.path; }
  /// In /dev/shm where there is one, whatever TMPDIR is: else that of session().
  const std::filesystem::path& shared_memory() const {
    return shared_memory_ ? shared_memory_->path : session_.path;
  }
  /// Hold the folders; to be left open in the group's first process.
  std::vector<int> locks() const;

 private:
  struct HeldFolder {
    std::filesystem::path path;
    FileDescriptor lock;
  };
  static HeldFolder make_in(const std::filesystem::path& root, const std::string& name);

  ScratchFolder() = default;

  HeldFolder session_;
  std::optional<HeldFolder> shared_memory_;
};

/// Removes this user's scratch folders on this machine whose groups are gone, of whatever sweep:
/// all of those in shared memory, and those among the temporary files of this environment.
void remove_abandoned_scratch();

}  // namespace headway
