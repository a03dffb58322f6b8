#include "store/manifest/sweep_directory.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/files.h"
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

}  // namespace headway
