#include "sweep/location.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "base/files.h"
#include "base/input_output_error.h"
#include "base/nearest_name.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "config/sweep/sweep.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

bool holds_sweep(const fs::path& directory) {
  try {
    std::error_code unknown;
    return fs::exists(SweepLayout(directory).trials_file(), unknown) ||
           is_input_output_error(unknown.value());
  } catch (const EnvironmentError&) {
    return true;  // whoever reads it hears what is wrong with it
  }
}

/// "results/quick/" and "." name a directory too.
SweepLocation location_of(const fs::path& directory) {
  std::error_code unknown;
  fs::path clean = fs::weakly_canonical(directory, unknown);
  if (unknown) clean = directory.lexically_normal();
  return {printable(clean.filename().string()), directory};
}

/// A sweep that has lost its list of trials has everything else still.
void expect_no_records(const fs::path& directory) {
  std::error_code unknown;
  if (directory.empty() || !fs::is_directory(SweepLayout(directory).segments(), unknown)) return;
  throw StoreError(
      fmt::format("{} holds a sweep's records, but trials.jsonl, the list of its trials, is gone; "
                  "`headway run` with the sweep file writes it anew",
                  in_quotes(directory.string())));
}

[[noreturn]] void throw_no_sweep(const std::string& name, const fs::path& results_root) {
  std::vector<std::string> known;
  for (const SweepLocation& sweep : all_sweeps(results_root)) known.push_back(sweep.name);
  const std::string hint = known.empty()
                               ? "; there is no sweep there; --results or $HEADWAY_RESULTS sets it"
                               : suggestion(name, known);
  throw ConfigError(fmt::format("no sweep {} under the results root {}{}",
                                in_quotes(name),
                                in_quotes(results_root.string()),
                                hint));
}

fs::file_time_type changed_at(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  return error ? fs::file_time_type::min() : time;
}

fs::file_time_type last_change(const fs::path& sweep_directory) {
  const SweepLayout layout(sweep_directory);
  fs::file_time_type latest = changed_at(layout.trials_file());
  std::error_code ignored;
  for (const auto& segment : fs::directory_iterator(layout.segments(), ignored)) {
    latest = std::max(latest, changed_at(segment.path()));
  }
  return latest;
}

std::vector<TrialId> trial_ids(const fs::path& sweep_directory) {
  std::vector<TrialId> ids;
  for (const auto& trial : read_manifest(sweep_directory).trials) ids.push_back(trial.trial_id);
  for (const auto& trial : read_vanished_trials(sweep_directory)) ids.push_back(trial.trial_id);
  return ids;
}

/// Trial id -> the sweeps that hold it.
std::map<TrialId, std::vector<SweepLocation>> trials_of(const std::vector<SweepLocation>& sweeps) {
  std::map<TrialId, std::vector<SweepLocation>> found;
  for (const SweepLocation& sweep : sweeps) {
    for (const TrialId& id : trial_ids(sweep.directory)) {
      std::vector<SweepLocation>& places = found[id];
      // It may be in the plan and among those that left it.
      if (places.empty() || places.back().directory != sweep.directory) places.push_back(sweep);
    }
  }
  return found;
}

[[noreturn]] void throw_ambiguous(const TrialId& id, const std::vector<SweepLocation>& sweeps) {
  constexpr std::size_t kShownSweeps = 8;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(sweeps.size(), kShownSweeps); ++i) {
    names.push_back(in_quotes(sweeps[i].name));
  }
  throw ConfigError(fmt::format("trial {} is in the sweeps {}{}: say which with --sweep NAME",
                                id,
                                fmt::join(names, ", "),
                                sweeps.size() > kShownSweeps ? ", ..." : ""));
}

std::string where_searched(const std::vector<SweepLocation>& sweeps, const fs::path& results_root) {
  if (sweeps.size() == 1) return fmt::format("in sweep '{}'", sweeps.front().name);
  return fmt::format("in the {} sweeps under '{}'", sweeps.size(), results_root.string());
}

}  // namespace

bool names_sweep(const std::string& argument, const fs::path& results_root) {
  return names_sweep_file(argument) || holds_sweep(results_root / argument) ||
         holds_sweep(argument);
}

bool names_sweep_file(const std::string& argument) {
  const std::string extension = fs::path(argument).extension().string();
  return extension == ".yaml" || extension == ".yml";
}

SweepLocation find_sweep(const std::string& argument, const fs::path& results_root) {
  if (names_sweep_file(argument)) {
    const std::string name = load_sweep(argument).name;
    if (holds_sweep(results_root / name)) return {name, results_root / name};
    throw ConfigError(fmt::format("sweep '{}' of {} has not been run under the results root {}",
                                  name,
                                  in_quotes(argument),
                                  in_quotes(results_root.string())));
  }
  if (holds_sweep(results_root / argument)) return location_of(results_root / argument);
  if (holds_sweep(argument)) return location_of(argument);
  for (const fs::path& directory : {results_root / argument, fs::path(argument)}) {
    expect_no_records(directory);
  }
  std::error_code error;
  if (fs::is_directory(argument, error)) {
    throw ConfigError(
        fmt::format("{} is no sweep's directory: it has no trials.jsonl", in_quotes(argument)));
  }
  if (error && !is_absent(argument)) {
    throw ConfigError(fmt::format("{} is no sweep's name, and no directory that can be read: {}",
                                  in_quotes(argument),
                                  error.message()));
  }
  throw_no_sweep(argument, results_root);
}

SweepLocation find_sweep_or_newest(const std::string& argument, const fs::path& results_root) {
  if (!argument.empty()) return find_sweep(argument, results_root);
  if (auto newest = newest_sweep(results_root)) return *newest;
  throw ConfigError(
      fmt::format("no sweep under the results root '{}'; --results or $HEADWAY_RESULTS sets it",
                  results_root.string()));
}

std::vector<SweepLocation> all_sweeps(const fs::path& results_root) {
  std::vector<SweepLocation> sweeps;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(results_root, ignored)) {
    if (holds_sweep(entry.path()))
      sweeps.push_back({printable(entry.path().filename().string()), entry.path()});
  }
  std::sort(sweeps.begin(), sweeps.end(), [](const SweepLocation& a, const SweepLocation& b) {
    return a.name < b.name;
  });
  return sweeps;
}

std::optional<SweepLocation> newest_sweep(const fs::path& results_root) {
  std::optional<SweepLocation> newest;
  auto latest = fs::file_time_type::min();
  for (const SweepLocation& sweep : all_sweeps(results_root)) {
    const auto changed = last_change(sweep.directory);
    if (newest && changed <= latest) continue;
    newest = sweep;
    latest = changed;
  }
  return newest;
}

TrialId matching_trial_id(const std::string& prefix,
                          const std::vector<TrialId>& ids,
                          const std::string& place) {
  constexpr std::size_t kShownIds = 5;
  std::vector<TrialId> fitting;
  for (const TrialId& id : ids) {
    if (id == prefix) return id;
    if (id.text().starts_with(prefix)) fitting.push_back(id);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    const auto near =
        nearest_name(prefix, {ids.begin(), ids.end()});  // all ids would be too many to name
    throw ConfigError(fmt::format("no trial '{}' {}{}",
                                  prefix,
                                  place,
                                  near ? fmt::format("; did you mean '{}'?", *near) : ""));
  }
  const std::size_t count = fitting.size();
  fitting.resize(std::min(count, kShownIds));
  throw ConfigError(fmt::format("'{}' begins {} trial ids: {}{}",
                                prefix,
                                count,
                                fmt::join(fitting, ", "),
                                count > kShownIds ? ", ..." : ""));
}

TrialLocation locate_trial(const std::string& argument,
                           const std::string& sweep,
                           const fs::path& results_root) {
  const std::vector<SweepLocation> sweeps =
      sweep.empty() ? all_sweeps(results_root)
                    : std::vector<SweepLocation>{find_sweep(sweep, results_root)};
  if (sweeps.empty()) {
    throw ConfigError(fmt::format("no sweep under the results root '{}' that could hold trial '{}'",
                                  results_root.string(),
                                  argument));
  }
  const auto trials = trials_of(sweeps);
  std::vector<TrialId> ids;
  for (const auto& [id, location] : trials) ids.push_back(id);
  const TrialId id = matching_trial_id(argument, ids, where_searched(sweeps, results_root));
  const std::vector<SweepLocation>& places = trials.at(id);
  if (places.size() > 1) throw_ambiguous(id, places);
  return {places.front(), id};
}

}  // namespace headway
