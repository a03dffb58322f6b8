#pragma once

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
  std::optional<double> seconds_left = {};  // until it ends; absent when it has no end

  int gpu_count() const;
  /// Ranks that fit side by side: one per GPU, or as many as each host's cores give with so many
  /// threads, at least one.
  int slots(int threads_per_rank) const;
};

}  // namespace headway
