#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

/// How a sweep's jobs are submitted to Slurm; never part of an id.
struct SlurmConfig {
  std::string partition;
  std::int64_t nodes = 1;
  std::int64_t gpus_per_node = 0;
  std::string time;  // as sbatch takes it
  std::vector<std::string> extra;
};

}  // namespace headway
