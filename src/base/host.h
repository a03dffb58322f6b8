#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace headway {

/// Names one process for good: two processes never share an identity, even after a reboot, a reused
/// process number, or in two containers of one machine.
struct ProcessIdentity {
  std::string host;     // name, for people
  std::string machine;  // boot id and process-number namespace
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat

  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity this_process();
/// The process that has this number on this machine now; nothing when there is none.
std::optional<ProcessIdentity> process_numbered(std::int64_t pid);
/// Who started it, or adopted it since; nothing when it is gone, or of another machine.
std::optional<ProcessIdentity> parent_of(const ProcessIdentity& process);

/// What /proc/PID/`name` holds; "" for a process that is gone, also for one that ends meanwhile: a
/// stream would throw there.
std::string process_file(std::int64_t pid, const std::string& name);

enum class Liveness { kAlive, kDead, kUnknown };

/// kUnknown when the process belongs to another machine: nothing can be said from here.
Liveness liveness(const ProcessIdentity& process);

void to_json(nlohmann::json& json, const ProcessIdentity& process);
void from_json(const nlohmann::json& json, ProcessIdentity& process);

std::string host_name();

/// 32 random hex digits from the kernel: for file names, never for results.
std::string random_id();

/// Cores this process may run on (its affinity mask, bounded by the CPU quotas of its cgroup and of
/// those around it).
int available_cores();

}  // namespace headway
