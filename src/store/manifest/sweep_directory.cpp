#include "store/manifest/sweep_directory.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/files.h"
#include "base/nearest_name.h"
#include "store/manifest/plan_lines.h"
#include "store/manifest/plan_settings.h"

namespace headway {

TrialConfig PlannedTrial::config() const {
  return trial_config_from_json(nlohmann::json::parse(config_text));
}

Plan read_plan(const std::filesystem::path& directory) {
  const SweepDirectory layout(directory);
  if (!std::filesystem::exists(layout.trials_file())) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", directory.string()));
  }
  Plan plan;
  plan.trials = read_plan_lines(layout.trials_file());
  try {
    read_plan_settings(nlohmann::json::parse(read_text(layout.plan_file())), plan);
  } catch (const nlohmann::json::exception& error) {
    throw StoreError(
        fmt::format("{} is damaged: {}; 'headway run' with the sweep file writes it anew",
                    layout.plan_file().string(),
                    error.what()));
  }
  return plan;
}

std::vector<PlannedTrial> read_vanished_trials(const std::filesystem::path& directory) {
  const auto file = SweepDirectory(directory).vanished_trials_file();
  if (!std::filesystem::exists(file)) return {};
  return read_plan_lines(file);
}

std::filesystem::path find_sweep_directory(const std::filesystem::path& results_root,
                                           const std::string& name) {
  const auto is_sweep = [](const std::filesystem::path& path) {
    return std::filesystem::exists(SweepDirectory(path).trials_file());
  };
  if (is_sweep(results_root / name)) return results_root / name;
  if (is_sweep(name)) return name;
  std::vector<std::string> known;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(results_root, absent)) {
    if (is_sweep(entry.path())) known.push_back(entry.path().filename().string());
  }
  throw ConfigError(
      fmt::format("no sweep '{}' in '{}'{}", name, results_root.string(), suggestion(name, known)));
}

}  // namespace headway
