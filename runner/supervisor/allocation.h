#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headway {

/// What this machine offers to a sweep.
struct Allocation {
  std::string device = "cpu";  // cpu | cuda
  int cores = 1;
  std::vector<int> gpus = {};  // numbers, when the device is cuda

  /// Ranks that fit side by side: one per GPU, or as many as the cores give with so many threads.
  int slots(int threads_per_rank) const;
};

/// `device`: auto | cpu | cuda. With auto, GPUs are used when there are any and `worker` was built
/// for them. ConfigError when CUDA is asked for and there is none.
Allocation local_allocation(const std::string& device, const std::filesystem::path& worker);

/// GPU numbers that the environment and the driver's device files name, before any library is
/// asked: the entries of $CUDA_VISIBLE_DEVICES when set, else /dev/nvidia0, 1, ...
std::vector<int> visible_gpus(const std::filesystem::path& device_files = "/dev");

}  // namespace headway
