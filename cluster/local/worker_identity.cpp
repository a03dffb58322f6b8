#include "cluster/local/worker_identity.h"

#include <system_error>

#include "cluster/local/process_settings.h"

namespace headway {
bool is_worker_of(const ProcessIdentity& process,
                  const std::filesystem::path& sweep_directory,
                  const GroupName& group) {
  const auto settings = group_settings_of(process.pid);
  if (!settings || settings->group != group.text()) return false;
  std::error_code unknown;
  const bool same_sweep =
      std::filesystem::equivalent(settings->sweep_directory, sweep_directory, unknown);
  // Last: then all that was read is of this process, and of no later one with its number.
  return same_sweep && liveness(process) == Liveness::kAlive;
}

}  // namespace headway
