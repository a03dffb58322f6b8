#pragma once

#include <cstdint>
#include <optional>

#include "cluster/group_settings.h"

namespace headway {

/// What a supervisor told a worker, or an mpirun that starts workers: its command line ends in
/// `headway-worker serve SETTINGS`. Nothing for any other process, and for one that is gone.
std::optional<GroupSettings> group_settings_of(std::int64_t pid);

}  // namespace headway
