#include "store/manifest/sweep_manifest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/sweep_layout.h"
#include "config/schema/json_writer.h"
#include "config/yaml/section_reader.h"
#include "config/yaml/trial_reader.h"
#include "store/manifest/manifest_lines.h"
#include "store/manifest/sweep_state.h"

namespace headway {
namespace {

// How many trials trials.jsonl holds: a cut list would look like a smaller sweep. It is written
// after these settings, and may still be the one before when a writer dies in between.
constexpr const char* kTrialCounts = "trial_counts";
constexpr int kMostLooks = 3;

nlohmann::json settings_json(const Sweep& sweep, const std::set<std::size_t>& trial_counts) {
  nlohmann::json flags = nlohmann::json::array();
  for (const CellFlag& flag : sweep.flags) {
    flags.push_back({{"cell_id", flag.cell_id}, {"rule", flag.rule}, {"message", flag.message}});
  }
  std::set<std::string> roots;
  for (const Trial& trial : sweep.trials) {
    if (!trial.config.dataset.root.empty()) roots.insert(trial.config.dataset.root);
  }
  return {{"name", sweep.name},
          {"description", sweep.description},
          {"resources", section_to_json(sweep.resources)},
          {"slurm", section_to_json(sweep.slurm)},
          {"flags", flags},
          {"notes", sweep.notes},
          {"data_roots", roots},
          {kTrialCounts, trial_counts}};
}

// As version 0.1.0 wrote them.
void modernise(nlohmann::json& settings) {
  nlohmann::json& resources = settings.at("resources");
  if (resources.contains("time_limit_seconds")) {
    resources["time_limit"] = resources["time_limit_seconds"];
    resources.erase("time_limit_seconds");
  }
  nlohmann::json& slurm = settings.at("slurm");
  if (slurm.value("time", "").empty()) slurm.erase("time");
}

// Everything but the trials.
SweepManifest read_settings(nlohmann::json json) {
  modernise(json);
  SweepManifest manifest;
  json.at("name").get_to(manifest.name);
  json.at("description").get_to(manifest.description);
  manifest.resources = section_from_json<ResourcesConfig>(json.at("resources"), "resources");
  manifest.slurm = section_from_json<SlurmConfig>(json.at("slurm"), "slurm");
  for (const auto& flag : json.at("flags")) {
    manifest.flags.push_back({flag.at("cell_id"), flag.at("rule"), flag.at("message")});
  }
  json.at("notes").get_to(manifest.notes);
  return manifest;
}

// Calls `read` with the parsed plan.json; what it throws of a damaged one becomes a StoreError.
auto with_settings(const std::filesystem::path& directory, auto&& read) {
  const SweepLayout layout(directory);
  if (!is_there(layout.trials_file())) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", directory.string()));
  }
  if (!is_there(layout.settings_file())) {
    throw StoreError(fmt::format("{} is gone; 'headway run' with the sweep file writes it anew",
                                 layout.settings_file().string()));
  }
  const std::string text = read_text(layout.settings_file(), kLargestSweepFile, Links::kRefuse);
  const auto fail = [&](const std::exception& error) {
    return StoreError(
        fmt::format("{} is damaged: {}; 'headway run' with the sweep file writes it anew",
                    layout.settings_file().string(),
                    error.what()));
  };
  try {
    return read(parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    throw fail(error);
  } catch (const ConfigError& error) {
    throw fail(error);
  }
}

using TrialCounts = std::vector<std::size_t>;

// Nothing in settings of versions that did not tell.
std::optional<TrialCounts> trial_counts(const nlohmann::json& settings) {
  const auto counts = settings.find(kTrialCounts);
  if (counts == settings.end()) return std::nullopt;
  return counts->get<TrialCounts>();
}

// "" when the list is as long as the settings say, or they do not.
std::string wrong_count(const std::optional<TrialCounts>& expected, std::size_t found) {
  if (!expected || std::ranges::find(*expected, found) != expected->end()) return "";
  return fmt::format(
      "holds {} trials, plan.json says {}: it was cut or added to by hand; 'headway run' with the "
      "sweep file writes the plan anew",
      found,
      fmt::join(*expected, " or "));
}

// Held while the manifest is rewritten, released when the descriptor closes. Where the file system
// has no locks, atomic replacement alone keeps the files whole.
FileDescriptor lock_manifest(const std::filesystem::path& directory) {
  FileDescriptor file =
      open_file(SweepLayout(directory).manifest_lock(), O_RDWR | O_CREAT | O_NOFOLLOW);
  if (lock_exclusively(file.native(), SweepLayout(directory).manifest_lock()) ==
      LockOutcome::kUnsupported) {
    log_warning("{}: no file locks here; don't start two runs at once", directory.string());
  }
  return file;
}

void replace_if_changed(const std::filesystem::path& path, const std::string& text) {
  if (is_there(path) && read_text(path, kLargestManifest, Links::kRefuse) == text) return;
  replace_file(path, text);
}

// sweep.yaml, then sweep.2.yaml, sweep.3.yaml, ...: every text that was submitted, in order.
void keep_sweep_text(const SweepLayout& layout, const std::string& text) {
  std::filesystem::path latest;
  std::filesystem::path next = layout.sweep_file();
  for (int version = 2; is_there(next); ++version) {
    latest = next;
    next = layout.sweep_file(version);
  }
  if (latest.empty() || read_text(latest, kLargestSweepFile, Links::kRefuse) != text)
    replace_file(next, text);
}

// A name that nothing has: what was put aside before stays.
std::filesystem::path free_name(const SweepLayout& layout) {
  for (int number = 1;; ++number) {
    auto file = layout.damaged_trials_file(number);
    std::error_code unknown;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, unknown))) return file;
  }
}

using PlannedById = std::unordered_map<TrialId, const PlannedTrial*>;

PlannedById by_id(const std::vector<PlannedTrial>& trials) {
  PlannedById known;
  for (const PlannedTrial& trial : trials) known.emplace(trial.trial_id, &trial);
  return known;
}

// Moves trials that someone edited from the trials to the damage. Those of the plan that is to be
// written are known to be as they should.
void take_out_edited(ManifestLines& lines,
                     const std::filesystem::path& file,
                     const PlannedById& planned) {
  const auto is_known = [&](const PlannedTrial& trial) {
    const auto found = planned.find(trial.trial_id);
    if (found == planned.end()) return false;
    const PlannedTrial& known = *found->second;
    return known.config_text == trial.config_text && known.cell_id == trial.cell_id &&
           known.seed == trial.seed;
  };
  const auto is_edited = [&](const PlannedTrial& trial) {
    if (is_known(trial)) return false;
    try {
      config_of(trial, file.string());
      return false;
    } catch (const StoreError& error) {
      lines.damage.emplace_back(error.what());
      return true;
    }
  };
  std::erase_if(lines.trials, is_edited);
}

// "" when it is, or cannot be known.
std::string incompleteness(const std::filesystem::path& directory, std::size_t trials) {
  try {
    return wrong_count(with_settings(directory, trial_counts), trials);
  } catch (const EnvironmentError&) {  // the settings are written anew
    return "";
  }
}

// The trials of a list; of a damaged or edited one, which is put aside, those that can be read and
// are what their ids say: what was recorded of the others stays in the segments.
std::vector<PlannedTrial> read_or_put_aside(const std::filesystem::path& file,
                                            const SweepLayout& layout,
                                            const PlannedById& planned) {
  if (!std::filesystem::exists(std::filesystem::symlink_status(file))) return {};
  ManifestLines lines;
  try {
    lines = read_sound_manifest_lines(file);
    if (file == layout.trials_file()) {
      const std::string wrong = incompleteness(layout.root(), lines.trials.size());
      if (!wrong.empty()) lines.damage.push_back(fmt::format("{} {}", file.string(), wrong));
    }
    take_out_edited(lines, file, planned);
    if (lines.damage.empty()) return std::move(lines.trials);
  } catch (const DiskFullError&) {
    throw;
  } catch (const EnvironmentError& error) {  // a directory, say
    lines.damage.emplace_back(error.what());
  }
  const auto aside = free_name(layout);
  log_warning(
      "{}; written anew, the old one is kept as '{}'", lines.damage.front(), aside.string());
  std::filesystem::rename(file, aside);
  return std::move(lines.trials);
}

std::unordered_set<TrialId> ids_of(const std::vector<PlannedTrial>& trials) {
  std::unordered_set<TrialId> ids;
  for (const PlannedTrial& trial : trials) ids.insert(trial.trial_id);
  return ids;
}

ManifestChange compare(const std::vector<PlannedTrial>& old_trials,
                       const std::vector<PlannedTrial>& new_trials) {
  ManifestChange change;
  const auto old_ids = ids_of(old_trials);
  const auto new_ids = ids_of(new_trials);
  for (const PlannedTrial& trial : new_trials) {
    if (old_ids.contains(trial.trial_id)) {
      ++change.unchanged;
    } else {
      change.added.push_back(trial.trial_id);
    }
  }
  for (const PlannedTrial& trial : old_trials) {
    if (!new_ids.contains(trial.trial_id)) change.vanished.push_back(trial.trial_id);
  }
  return change;
}

// What a finished trial was trained as stays as it was recorded, with the folder that its data lay
// in: keys that are no part of an id may have other values now.
void keep_finished_configurations(std::vector<PlannedTrial>& trials,
                                  const std::vector<PlannedTrial>& recorded,
                                  const std::filesystem::path& directory) {
  const PlannedById known = by_id(recorded);
  std::optional<SweepState> state;
  for (PlannedTrial& trial : trials) {
    const auto old = known.find(trial.trial_id);
    if (old == known.end() || old->second->config_text == trial.config_text) continue;
    if (!state) state.emplace(directory).refresh();
    const bool is_done = state->trial(trial.trial_id).state() == TrialState::kDone;
    if (is_done) trial.config_text = old->second->config_text;
  }
}

// What ever was in the plan and is no longer: the store keeps describing it after a rebuild.
std::vector<PlannedTrial> vanished_trials(const std::vector<PlannedTrial>& gone,
                                          const std::vector<PlannedTrial>& old_trials,
                                          const std::vector<PlannedTrial>& new_trials) {
  auto present = ids_of(new_trials);
  std::vector<PlannedTrial> result;
  for (const auto* source : {&gone, &old_trials}) {
    for (const PlannedTrial& trial : *source) {
      if (present.insert(trial.trial_id).second) result.push_back(trial);
    }
  }
  return result;
}

}  // namespace

TrialConfig PlannedTrial::config() const {
  return config_of(*this, "the sweep's trials.jsonl");
}

SweepManifest read_sweep_settings(const std::filesystem::path& directory) {
  return with_settings(directory, read_settings);
}

SweepManifest read_manifest(const std::filesystem::path& directory) {
  const auto file = SweepLayout(directory).trials_file();
  for (int look = 1;; ++look) {
    auto [manifest, counts] = with_settings(directory, [](const nlohmann::json& settings) {
      return std::pair(read_settings(settings), trial_counts(settings));
    });
    manifest.trials = read_manifest_lines(file);
    const std::string wrong = wrong_count(counts, manifest.trials.size());
    if (wrong.empty()) return std::move(manifest);
    // Others may have written both in between, and again.
    if (look == kMostLooks) throw StoreError(fmt::format("{} {}", file.string(), wrong));
  }
}

SweepName read_sweep_name(const std::filesystem::path& directory) {
  return with_settings(directory, [](const nlohmann::json& settings) {
    return settings.at("name").get<SweepName>();
  });
}

std::vector<std::string> read_data_roots(const std::filesystem::path& directory) {
  return with_settings(directory, [](const nlohmann::json& settings) {
    return settings.value("data_roots", std::vector<std::string>());
  });
}

std::vector<PlannedTrial> read_vanished_trials(const std::filesystem::path& directory) {
  const auto file = SweepLayout(directory).vanished_trials_file();
  if (!is_there(file)) return {};
  return read_manifest_lines(file);
}

SweepManifest manifest_of(const Sweep& sweep) {
  SweepManifest manifest{.name = sweep.name,
                         .description = sweep.description,
                         .resources = sweep.resources,
                         .slurm = sweep.slurm,
                         .flags = sweep.flags,
                         .notes = sweep.notes,
                         .trials = {}};
  for (const Trial& trial : sweep.trials) manifest.trials.push_back(planned_trial(trial));
  return manifest;
}

ManifestChange write_manifest(const std::filesystem::path& directory, const Sweep& sweep) {
  make_directories(directory);
  const SweepLayout layout(directory);
  const FileDescriptor lock = lock_manifest(directory);
  std::vector<PlannedTrial> trials = manifest_of(sweep).trials;
  const bool is_new = !is_there(layout.trials_file());
  const PlannedById planned = by_id(trials);
  const auto old_trials = read_or_put_aside(layout.trials_file(), layout, planned);
  const auto gone = read_or_put_aside(layout.vanished_trials_file(), layout, planned);
  keep_finished_configurations(trials, old_trials, directory);
  keep_finished_configurations(trials, gone, directory);
  ManifestChange change = compare(old_trials, trials);
  change.is_new = is_new;
  // The list of trials comes last: it is what makes a sweep, and no step before it loses a trial.
  keep_sweep_text(layout, sweep.text);
  const auto vanished = vanished_trials(gone, old_trials, trials);
  if (!vanished.empty() || is_there(layout.vanished_trials_file())) {
    replace_if_changed(layout.vanished_trials_file(), manifest_lines(vanished));
  }
  std::set<std::size_t> trial_counts{trials.size()};
  if (is_there(layout.trials_file())) trial_counts.insert(old_trials.size());
  replace_if_changed(layout.settings_file(), settings_json(sweep, trial_counts).dump(2) + "\n");
  replace_if_changed(layout.trials_file(), manifest_lines(trials));
  return change;
}

}  // namespace headway
