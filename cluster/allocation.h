#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace headway {

/// A machine of an allocation, and what of it may be used.
struct AllocatedHost {
  std::string name;
  int cores = 1;
  std::vector<int> gpus = {};  // numbers, when the device is cuda
};

/// What a sweep may use.
struct Allocation {
  std::string device = "cpu";  // cpu | cuda
  std::vector<AllocatedHost> hosts = {};
  std::optional<double> seconds_left = {};   // until it ends; absent when it has no end
  std::string slurm_job = {};                // whose nodes the hosts are; "" when there is none
  std::optional<std::size_t> own_host = {};  // of a job's, the one where this process runs
  int cpus_per_core = 1;                     // as Slurm counts them

  bool is_slurm_job() const { return !slurm_job.empty(); }
  int core_count() const;
  int gpu_count() const;
  /// Ranks that fit on each host side by side.
  std::vector<int> slots_by_host(int threads_per_rank) const;
  /// Ranks that fit side by side: one per GPU, or as many as each host's cores give with so many
  /// threads, at least one: on the host with most cores.
  int slots(int threads_per_rank) const;
};

}  // namespace headway
