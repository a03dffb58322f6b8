#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cluster/allocation.h"
#include "cluster/launcher.h"

namespace headway {

/// What this process may use: in a Slurm job, the whole job; else this machine. `device`: auto |
/// cpu | cuda. With auto, GPUs are used when there are any and `worker` was built for them.
/// ConfigError when CUDA is asked for and there is none, or the job's environment is nonsense.
Allocation this_allocation(const std::string& device, const std::filesystem::path& worker);

/// Its cores, for predictions that no worker is needed for.
int cores_at_hand();

/// Starts groups on it.
std::unique_ptr<Launcher> make_launcher(const Allocation& allocation);

}  // namespace headway
