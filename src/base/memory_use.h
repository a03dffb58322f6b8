#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headway {

/// What one process has in memory, as the kernel counts it.
struct MemoryUse {
  std::int64_t resident_bytes = 0;
  std::int64_t peak_bytes = 0;  // the most that it ever had
};

/// From /proc/PID/status; nothing when the process is gone.
std::optional<MemoryUse> memory_use(std::int64_t pid);

/// What processes here may fill together: the machine's memory, bounded by the limits of the
/// cgroups around them.
std::int64_t available_memory_bytes();

/// How often the kernel has killed a process for want of memory: in this process's cgroup where
/// that is counted, else on the whole machine. Only differences mean anything.
std::int64_t out_of_memory_kills();

/// "3.2 GiB", "512 MiB": for people.
std::string format_bytes(std::int64_t bytes);

}  // namespace headway
