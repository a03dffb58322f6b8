#include "cluster/local/group_state.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdint>

#include "base/host.h"
#include "base/process.h"
#include "base/signals.h"

namespace headway {
namespace {

// "State:\tT (stopped)" -> "T (stopped)".
std::string status_field(const std::string& status, const std::string& key) {
  const auto begin = status.find("\n" + key + ":");
  if (begin == std::string::npos) return "";
  const auto value = status.find_first_not_of(" \t", begin + key.size() + 2);
  return status.substr(value, status.find('\n', value) - value);
}

std::optional<int> launched_rank_of(pid_t pid) {
  const std::string environment = std::string(1, '\0') + process_file(pid, "environ");
  for (const std::string name : {"OMPI_COMM_WORLD_RANK=", "PMIX_RANK="}) {
    const auto found = environment.find(std::string(1, '\0') + name);
    if (found == std::string::npos) continue;
    return std::atoi(environment.c_str() + found + 1 + name.size());
  }
  return std::nullopt;
}

bool catches(const std::string& status, int signal) {
  const std::string mask = status_field(status, "SigCgt");
  std::uint64_t bits = 0;
  std::from_chars(mask.data(), mask.data() + mask.size(), bits, 16);
  return (bits >> (signal - 1) & 1U) != 0;
}

// Of the main thread alone: others beat and watch while it may stand still.
std::uint64_t worked_nanoseconds(pid_t pid) {
  const std::string text = process_file(pid, fmt::format("task/{}/schedstat", pid));
  std::uint64_t nanoseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), nanoseconds);
  return nanoseconds;
}

MemberState member_state(pid_t pid) {
  const std::string status = "\n" + process_file(pid, "status");
  const std::string waits_in = process_file(pid, "wchan");
  return {.pid = pid,
          .name = status_field(status, "Name"),
          .rank = launched_rank_of(pid),
          .state = status_field(status, "State"),
          .waits_in = waits_in == "0" ? "" : waits_in,
          .shows_stack = catches(status, stack_trace_signal()),
          .memory = memory_use(pid).value_or(MemoryUse{}),
          .worked_nanoseconds = worked_nanoseconds(pid)};
}

}  // namespace

std::vector<MemberState> group_state(pid_t leader) {
  std::vector<MemberState> members;
  for (const pid_t pid : process_tree(leader)) members.push_back(member_state(pid));
  return members;
}

ProcessIdentity group_leader(const ProcessIdentity& rank) {
  const auto parent = parent_of(rank);
  if (!parent) return rank;
  const std::string name = status_field("\n" + process_file(parent->pid, "status"), "Name");
  return name == "mpirun" || name == "orterun" ? *parent : rank;
}

void ask_for_stacks(const std::vector<MemberState>& members) {
  for (const MemberState& member : members) {
    // To the thread that trains: any other could take a signal that is sent to the process.
    const auto pid = static_cast<pid_t>(member.pid);
    if (member.shows_stack) ::syscall(SYS_tgkill, pid, pid, stack_trace_signal());
    if (member.is_stopped()) ::kill(pid, SIGCONT);
  }
}

}  // namespace headway
