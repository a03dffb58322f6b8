#include "base/host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/cgroup.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"

namespace headway {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string machine_id() {
  struct stat info {};
  const bool known = ::stat("/proc/self/ns/pid", &info) == 0;
  return fmt::format(
      "{}/{}", first_line("/proc/sys/kernel/random/boot_id"), known ? info.st_ino : 0);
}

// State, parent and start time of a process; nothing when it does not exist.
struct ProcessStat {
  char state = '?';
  std::int64_t parent = 0;
  std::uint64_t start_ticks = 0;
};

std::optional<ProcessStat> process_stat(std::int64_t pid) {
  const std::string text = process_file(pid, "stat");
  const auto name_end = text.rfind(')');  // the name in front may hold anything, newlines too
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  ProcessStat result;
  rest >> result.state >> result.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) rest >> skipped;
  rest >> result.start_ticks;
  return rest ? std::optional(result) : std::nullopt;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string process_file(std::int64_t pid, const std::string& name) {
  const FileDescriptor file(
      ::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> part{};
  while (file.is_open()) {
    const ssize_t count = ::read(file.native(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return "";
    if (count == 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

ProcessIdentity this_process() {
  const auto stat = process_stat(::getpid());
  return {host_name(), machine_id(), ::getpid(), stat ? stat->start_ticks : 0};
}

std::optional<ProcessIdentity> process_numbered(std::int64_t pid) {
  const auto stat = process_stat(pid);
  if (!stat) return std::nullopt;
  return ProcessIdentity{host_name(), machine_id(), pid, stat->start_ticks};
}

std::optional<ProcessIdentity> parent_of(const ProcessIdentity& process) {
  if (process.machine != machine_id()) return std::nullopt;
  const auto stat = process_stat(process.pid);
  if (!stat || stat->start_ticks != process.start_ticks) return std::nullopt;
  return process_numbered(stat->parent);
}

Liveness liveness(const ProcessIdentity& process) {
  static const std::string here = machine_id();
  if (process.machine != here) return Liveness::kUnknown;
  const auto stat = process_stat(process.pid);
  const bool same = stat && stat->start_ticks == process.start_ticks;
  return same && stat->state != 'Z' && stat->state != 'X' ? Liveness::kAlive : Liveness::kDead;
}

void to_json(nlohmann::json& json, const ProcessIdentity& process) {
  json = {{"host", process.host},
          {"machine", process.machine},
          {"pid", process.pid},
          {"start_ticks", process.start_ticks}};
}

void from_json(const nlohmann::json& json, ProcessIdentity& process) {
  json.at("host").get_to(process.host);
  json.at("machine").get_to(process.machine);
  // As kill(2) takes it for one process: 0 and below mean groups of them, or all.
  process.pid = integer_in(json.at("pid"), {1, std::numeric_limits<pid_t>::max()});
  process.start_ticks =
      static_cast<std::uint64_t>(integer_in(json.at("start_ticks"), {0, kAnyInteger.most}));
}

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw_errno("getrandom");
  }
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int allowed = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  const auto quota = cpu_quota();
  if (!quota) return allowed;
  return std::min(allowed, std::max(1, static_cast<int>(std::ceil(*quota))));
}

}  // namespace headway
