#include "base/memory_use.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

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

// Where the memory controller keeps this process's files: version 2 of cgroups has one tree,
// version 1 one per controller. In a container the own files stand at the root of the mount;
// outside, below the path that /proc names.
std::string cgroup_file(const std::string& name_in_v2, const std::string& name_in_v1) {
  std::ifstream membership("/proc/self/cgroup");
  for (std::string line; std::getline(membership, line);) {
    const auto path_begin = line.rfind(':');
    const bool v2 = line.starts_with("0::");
    if (path_begin == std::string::npos || (!v2 && line.find(":memory:") == std::string::npos)) {
      continue;
    }
    const std::string mount = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string name = "/" + (v2 ? name_in_v2 : name_in_v1);
    for (const std::string& file : {mount + line.substr(path_begin + 1) + name, mount + name}) {
      if (std::ifstream(file).good()) return file;
    }
  }
  return "";
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
  std::ifstream limit(cgroup_file("memory.max", "memory.limit_in_bytes"));
  std::int64_t bytes = 0;
  return limit >> bytes ? std::min(machine, bytes) : machine;  // "max" is no number
}

std::int64_t out_of_memory_kills() {
  if (const auto own = value_of(cgroup_file("memory.events", "memory.oom_control"), "oom_kill")) {
    return *own;
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
