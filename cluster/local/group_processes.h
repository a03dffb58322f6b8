#pragma once

#include <filesystem>
#include <vector>

#include "cluster/launcher.h"

namespace headway {

/// This user's processes on this machine that serve the sweep in `sweep_directory`: headway-worker
/// and the mpirun that started it, as their command lines tell, whoever started them.
std::vector<GroupProcess> group_processes(const std::filesystem::path& sweep_directory);

}  // namespace headway
