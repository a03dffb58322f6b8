#include "cluster/local/group_processes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>
#include <system_error>

#include "cluster/local/process_settings.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

std::optional<std::int64_t> process_number(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t pid = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool is_number = error == std::errc() && stop == name.data() + name.size();
  return is_number ? std::optional(pid) : std::nullopt;
}

bool is_own(const fs::path& folder) {
  struct stat info {};
  return ::stat(folder.c_str(), &info) == 0 && info.st_uid == ::geteuid();
}

}  // namespace

std::vector<GroupProcess> group_processes(const fs::path& sweep_directory) {
  std::vector<GroupProcess> found;
  std::error_code none;
  fs::directory_iterator entry("/proc", none);
  for (; !none && entry != fs::directory_iterator(); entry.increment(none)) {
    const auto pid = process_number(entry->path());
    if (!pid || *pid == ::getpid() || !is_own(entry->path())) continue;
    const auto process = process_numbered(*pid);  // before its command line: it may end meanwhile
    const auto settings = group_settings_of(*pid);
    std::error_code gone;
    if (!process || !settings ||
        !fs::equivalent(settings->sweep_directory, sweep_directory, gone)) {
      continue;
    }
    found.push_back({.process = *process, .group = settings->group, .suite = settings->suite});
  }
  return found;
}

}  // namespace headway
