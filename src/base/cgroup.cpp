#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace headway {
namespace {

namespace fs = std::filesystem;

// A line of /proc/self/cgroup: "4:cpu,cpuacct:/a/b", or "0::/a/b" of version 2.
struct Membership {
  std::string controllers;
  fs::path group;
};

std::vector<Membership> memberships(const fs::path& file) {
  std::vector<Membership> found;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    found.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return found;
}

bool lists(const std::string& controllers, const std::string& wanted) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == wanted) return true;
  }
  return false;
}

// Those that exist of `group` below `tree` and the groups around it. In a container the group's
// name may be the host's, of which the mount shows the inside alone: then that is its root.
void add_group_and_ancestors(const fs::path& tree, fs::path group, std::vector<fs::path>& folders) {
  group = group.relative_path().lexically_normal();
  if (!group.empty() && *group.begin() == "..") group.clear();
  std::error_code unknown;
  for (; !group.empty(); group = group.parent_path()) {
    if (fs::is_directory(tree / group, unknown)) folders.push_back(tree / group);
  }
  if (fs::is_directory(tree, unknown)) folders.push_back(tree);
}

std::optional<double> number_in(const fs::path& file) {
  std::ifstream text(file);
  double number = 0;
  return text >> number ? std::optional(number) : std::nullopt;  // "max" is none
}

std::optional<double> quota_of(const fs::path& group) {
  std::ifstream both(group / "cpu.max");
  double quota = 0;
  double period = 0;
  if (both >> quota >> period && period > 0) return quota / period;
  const auto quota_v1 = number_in(group / "cpu.cfs_quota_us");
  const auto period_v1 = number_in(group / "cpu.cfs_period_us");
  if (!quota_v1 || !period_v1 || *quota_v1 <= 0 || *period_v1 <= 0) return std::nullopt;
  return *quota_v1 / *period_v1;
}

std::optional<double> least(const std::vector<fs::path>& groups, auto&& limit_of) {
  std::optional<double> least;
  for (const fs::path& group : groups) {
    const std::optional<double> limit = limit_of(group);
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

}  // namespace

std::vector<fs::path> control_groups(const std::string& controller, const CgroupFiles& files) {
  std::vector<fs::path> folders;
  for (const Membership& member : memberships(files.membership)) {
    if (member.controllers.empty()) {
      add_group_and_ancestors(files.mount, member.group, folders);
      add_group_and_ancestors(files.mount / "unified", member.group, folders);
    } else if (lists(member.controllers, controller)) {
      add_group_and_ancestors(files.mount / controller, member.group, folders);
      if (member.controllers == controller) continue;
      add_group_and_ancestors(files.mount / member.controllers, member.group, folders);
    }
  }
  return folders;
}

std::optional<double> cpu_quota(const CgroupFiles& files) {
  return least(control_groups("cpu", files), quota_of);
}

std::optional<std::int64_t> memory_limit_bytes(const CgroupFiles& files) {
  const auto limit = least(control_groups("memory", files), [](const fs::path& group) {
    const auto v2 = number_in(group / "memory.max");
    return v2 ? v2 : number_in(group / "memory.limit_in_bytes");
  });
  // What version 1 shows for no limit is beyond any machine's memory.
  constexpr double kMost = 9e18;
  return limit ? std::optional(static_cast<std::int64_t>(std::min(*limit, kMost))) : std::nullopt;
}

}  // namespace headway
