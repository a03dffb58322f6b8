#include "cluster/local/worker_identity.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "cluster/group_settings.h"
#include "config/yaml/section_reader.h"

namespace headway {
namespace {

std::vector<std::string> command_line(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::optional<GroupSettings> settings_in(const std::string& text) {
  try {
    return section_from_json<GroupSettings>(parse_json(text), "settings");
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

// See group_command(): PROGRAM serve SETTINGS.
std::optional<GroupSettings> settings_of(std::int64_t pid) {
  const std::vector<std::string> words = command_line(pid);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "serve" || words[i] == "evaluate") return settings_in(words[i + 1]);
  }
  return std::nullopt;
}

}  // namespace

bool is_worker_of(const ProcessIdentity& process,
                  const std::filesystem::path& sweep_directory,
                  const GroupName& group) {
  const auto settings = settings_of(process.pid);
  if (!settings || settings->group != group.text()) return false;
  std::error_code unknown;
  const bool same_sweep =
      std::filesystem::equivalent(settings->sweep_directory, sweep_directory, unknown);
  // Last: then all that was read is of this process, and of no later one with its number.
  return same_sweep && liveness(process) == Liveness::kAlive;
}

}  // namespace headway
