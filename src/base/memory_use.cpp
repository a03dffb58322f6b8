#include "base/memory_use.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/cgroup.h"

namespace headway {
namespace {

// The value of the line that begins with `key`, as in "oom_kill 3" or "VmHWM:  1024 kB".
std::optional<std::int64_t> value_of(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    std::int64_t value = 0;
    if (words >> word >> value && word == key) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryUse> memory_use(std::int64_t pid) {
  const std::string status = fmt::format("/proc/{}/status", pid);
  const auto resident = value_of(status, "VmRSS:");
  const auto peak = value_of(status, "VmHWM:");
  if (!resident || !peak) return std::nullopt;
  constexpr std::int64_t kKibibyte = 1024;
  return MemoryUse{*resident * kKibibyte, *peak * kKibibyte};
}

std::int64_t available_memory_bytes() {
  const std::int64_t machine = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) *
                               static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(machine, memory_limit_bytes().value_or(machine));
}

std::int64_t out_of_memory_kills() {
  for (const auto& group : control_groups("memory")) {
    for (const char* file : {"memory.events", "memory.oom_control"}) {  // of version 2, and of 1
      if (const auto own = value_of((group / file).string(), "oom_kill")) return *own;
    }
  }
  return value_of("/proc/vmstat", "oom_kill").value_or(0);
}

std::string format_bytes(std::int64_t bytes) {
  constexpr double kMebibyte = 1024.0 * 1024;
  const double mebibytes = static_cast<double>(bytes) / kMebibyte;
  return mebibytes < 1024 ? fmt::format("{:.0f} MiB", mebibytes)
                          : fmt::format("{:.1f} GiB", mebibytes / 1024);
}

}  // namespace headway
