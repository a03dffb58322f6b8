#include "store/manifest/manifest_lines.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "config/schema/ids.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

constexpr std::size_t kMostTold = 100;  // damaged lines

// Takes `prefix` off the front of `text`; false when it is not there.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <typename Id>
bool take_id(std::string_view& text, Id& id) {
  const auto taken = Id::from(text.substr(0, TrialIdRule::kDigits));
  if (!taken) return false;
  id = *taken;
  text.remove_prefix(TrialIdRule::kDigits);
  return true;
}

bool take_integer(std::string_view& text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<PlannedTrial> quick_parse(std::string_view line) {
  PlannedTrial trial;
  const bool fits = take(line, R"({"trial_id":")") && take_id(line, trial.trial_id) &&
                    take(line, R"(","cell_id":")") && take_id(line, trial.cell_id) &&
                    take(line, R"(","seed":)") && take_integer(line, trial.seed) &&
                    take(line, R"(,"config":{)") && line.ends_with("}}");
  if (!fits) return std::nullopt;
  trial.config_text = fmt::format("{{{}", line.substr(0, line.size() - 1));
  return trial;
}

// Lines written before configurations had a section `loss`.
bool lacks_loss_section(std::string_view line) {
  return line.find(R"("loss":{)") == std::string_view::npos &&
         line.find(R"("label_smoothing":)") != std::string_view::npos;
}

PlannedTrial full_parse(std::string_view line) {
  const auto json = parse_json(line);
  return {json.at("trial_id").get<TrialId>(),
          json.at("cell_id").get<CellId>(),
          integer_in(json.at("seed"), kAnyInteger),
          canonical_json_of_stored(json.at("config")).dump()};
}

}  // namespace

std::string manifest_line(const PlannedTrial& trial) {
  return fmt::format(R"({{"trial_id":"{}","cell_id":"{}","seed":{},"config":{}}})"
                     "\n",
                     trial.trial_id,
                     trial.cell_id,
                     trial.seed,
                     trial.config_text);
}

std::string manifest_lines(const std::vector<PlannedTrial>& trials) {
  std::string text;
  for (const PlannedTrial& trial : trials) text += manifest_line(trial);
  return text;
}

PlannedTrial planned_trial(const Trial& trial) {
  return {trial.trial_id, trial.cell_id, trial.config.seed, to_canonical_json(trial.config).dump()};
}

TrialConfig config_of(const PlannedTrial& trial, const std::string& list) {
  const auto refuse = [&](const std::string& what) {
    throw StoreError(fmt::format(
        "trial {}: its configuration in {} {}: it was changed by hand; 'headway run' with the "
        "sweep file writes the plan anew",
        trial.trial_id,
        list,
        what));
  };
  TrialConfig config;
  try {
    config = trial_config_from_json(parse_json(trial.config_text));
  } catch (const nlohmann::json::exception& error) {
    refuse(fmt::format("cannot be read ({})", error.what()));
  } catch (const ConfigError& error) {
    refuse(fmt::format("cannot be read ({})", error.what()));
  }
  const bool is_own = trial_id(config) == trial.trial_id && cell_id(config) == trial.cell_id &&
                      config.seed == trial.seed;
  if (!is_own) refuse("does not fit its ids");
  return config;
}

ManifestLines read_sound_manifest_lines(const std::filesystem::path& file) {
  std::error_code unknown;
  const auto size = std::filesystem::file_size(file, unknown);
  if (!unknown && size > kLargestManifest) {
    throw StoreError(fmt::format(
        "{}: {} bytes, more than such a file ever has; 'headway run' with the sweep file writes it "
        "anew",
        file.string(),
        size));
  }
  const std::string text = read_text(file, kLargestManifest, Links::kRefuse);
  ManifestLines lines;
  std::unordered_set<TrialId> seen;
  const auto damage = [&](std::size_t number, std::string_view what) {
    if (lines.damage.size() >= kMostTold) return;
    lines.damage.push_back(
        fmt::format("{}:{}: {}; 'headway run' with the sweep file writes the plan anew",
                    file.string(),
                    number,
                    what));
  };
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    try {
      auto trial = lacks_loss_section(line) ? std::nullopt : quick_parse(line);
      if (!trial) trial = full_parse(line);
      if (seen.insert(trial->trial_id).second) {
        lines.trials.push_back(*std::move(trial));
      } else {
        damage(number, fmt::format("trial {} stands there twice", trial->trial_id));
      }
    } catch (const nlohmann::json::exception& error) {
      damage(number, fmt::format("not a trial: {}", error.what()));
    }
  }
  return lines;
}

std::vector<PlannedTrial> read_manifest_lines(const std::filesystem::path& file) {
  ManifestLines lines = read_sound_manifest_lines(file);
  if (!lines.damage.empty()) throw StoreError(lines.damage.front());
  return std::move(lines.trials);
}

}  // namespace headway
