#include "cluster/local/group_processes.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/json.h"
#include "cluster/group_settings.h"
#include "config/yaml/section_reader.h"

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

/// What a supervisor told a worker: the last argument of its command line, and of mpirun's.
std::optional<GroupSettings> settings_of(const fs::path& folder) {
  std::ifstream file(folder / "cmdline", std::ios::binary);
  std::string line{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!line.empty() && line.back() == '\0') line.pop_back();
  const std::string text = line.substr(line.rfind('\0') + 1);  // npos + 1 is 0
  if (!text.starts_with('{') || text.find("\"sweep_directory\"") == std::string::npos) {
    return std::nullopt;
  }
  try {
    return section_from_json<GroupSettings>(parse_json(text), "settings");
  } catch (const std::exception&) {  // another program's, or another version's
    return std::nullopt;
  }
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
    const auto settings = settings_of(entry->path());
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
