#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace headway {

/// Where the kernel shows control groups.
struct CgroupFiles {
  std::filesystem::path membership = "/proc/self/cgroup";
  std::filesystem::path mount = "/sys/fs/cgroup";
};

/// The folders of the control groups that this process is in by `controller` (cpu, memory): its own
/// first, then those around it, as far as they can be seen from here. Of version 2, which has one
/// tree, and of version 1, which has one per controller.
std::vector<std::filesystem::path> control_groups(const std::string& controller,
                                                  const CgroupFiles& files = {});

/// Cores' worth of time that this process may use: the least of all its groups' quotas. Nothing
/// when none has one.
std::optional<double> cpu_quota(const CgroupFiles& files = {});

/// The least of all its groups' limits on memory. Nothing when none has one.
std::optional<std::int64_t> memory_limit_bytes(const CgroupFiles& files = {});

}  // namespace headway
