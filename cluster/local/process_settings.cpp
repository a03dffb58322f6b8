#include "cluster/local/process_settings.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
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
  } catch (const nlohmann::json::exception&) {  // another program's, or another version's
    return std::nullopt;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<GroupSettings> group_settings_of(std::int64_t pid) {
  const std::vector<std::string> words = command_line(pid);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "serve" || words[i] == "evaluate") return settings_in(words[i + 1]);
  }
  return std::nullopt;
}

}  // namespace headway
