#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cluster/launcher.h"
#include "scheduling/claims/awake_clock.h"

namespace headway {

/// Ends what dead supervisors left of a sweep's groups on this machine. Such a group checkpoints
/// and leaves by itself; one that cannot, because a rank of it or mpirun was stopped, would keep
/// its trial for ever.
class OrphanedGroups {
 public:
  /// How long a group has to leave, counted from when it is found.
  static constexpr double kGraceSeconds = 10;

  /// `launcher` must outlive this.
  OrphanedGroups(std::filesystem::path sweep_directory,
                 Launcher& launcher,
                 AwakeClock clock = AwakeClock());

  /// To be called now and then. Has what is stopped go on, and kills what has not left in time.
  /// What there is to say.
  std::vector<std::string> look();

 private:
  Liveness supervisor_of(const GroupProcess& process) const;

  std::filesystem::path sweep_directory_;
  Launcher& launcher_;
  AwakeClock clock_;
  std::map<std::string, double> found_at_;  // by group
};

}  // namespace headway
