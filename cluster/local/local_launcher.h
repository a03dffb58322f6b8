#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "cluster/allocation.h"
#include "cluster/launcher.h"

namespace headway {

/// Worker groups as child processes of this one, on this machine. `allocation`: its GPUs go to one
/// group at a time.
std::unique_ptr<Launcher> make_local_launcher(const Allocation& allocation = {});

/// This machine. `device`: auto | cpu | cuda. With auto, GPUs are used when there are any and
/// `worker` was built for them. ConfigError when CUDA is asked for and there is none.
Allocation local_allocation(const std::string& device, const std::filesystem::path& worker);

/// GPU numbers that the environment and the driver's device files name, before any library is
/// asked: the entries of $CUDA_VISIBLE_DEVICES when set, else /dev/nvidia0, 1, ...
std::vector<int> visible_gpus(const std::filesystem::path& device_files = "/dev");

}  // namespace headway
