#include "config/sweep/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/nearest_name.h"
#include "base/text.h"
#include "config/schema/leaves.h"
#include "config/sweep/cells.h"
#include "config/sweep/expansion.h"
#include "config/sweep/keys.h"
#include "config/sweep/overrides.h"
#include "config/yaml/section_reader.h"
#include "config/yaml/trial_reader.h"
#include "config/yaml/yaml_reader.h"

namespace headway {
namespace {

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> keys{
      "name", "description", "trial", "sweep", "resources", "slurm"};
  return keys;
}

bool is_top_level(const std::string& key) {
  return std::ranges::find(top_level_keys(), key) != top_level_keys().end();
}

const LocatedValue& value_or_empty(const LocatedValue& file, const char* key) {
  static const LocatedValue empty;
  const LocatedValue::Entry* entry = file.find(key);
  return entry == nullptr ? empty : entry->value;
}

template <typename Config>
Config read_top_section(const LocatedValue& file, const char* key, Problems& problems) {
  const LocatedValue& section = value_or_empty(file, key);
  expect_map(section, key, problems);
  return read_section<Config>(section, key, problems);
}

/// The sweep files beside `path`, as far as its folder can be read.
std::vector<std::string> sweep_files_beside(const std::filesystem::path& path) {
  std::vector<std::string> files;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().filename().string());
  }
  std::ranges::sort(files);
  return files;
}

std::string read_sweep_text(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
    throw ConfigError(fmt::format(
        "{} is {}; expected a sweep file", in_quotes(path.string()), kind_of_file(found.st_mode)));
  }
  if (!is_there(path)) {
    throw ConfigError(fmt::format("{}: no such sweep file{}",
                                  path.string(),
                                  suggestion(path.filename().string(), sweep_files_beside(path))));
  }
  if (::access(path.c_str(), R_OK) != 0) {
    throw ConfigError(
        fmt::format("{}: the sweep file cannot be read: {}; chmod u+r, or a copy of "
                    "one's own, helps",
                    in_quotes(path.string()),
                    std::strerror(errno)));
  }
  const std::uintmax_t size = std::filesystem::file_size(path);
  if (size > kLargestSweepFile) {
    throw ConfigError(fmt::format(
        "{}: {} bytes; a sweep file has at most {}", path.string(), size, kLargestSweepFile));
  }
  return read_text(path, kLargestSweepFile);
}

/// The file's name without ".yaml" where it says no other.
void read_name(const LocatedValue& file,
               const std::string& stem,
               Sweep& sweep,
               Problems& problems) {
  const auto* entry = file.find("name");
  const auto name = SweepName::from(entry != nullptr ? entry->value.text : stem);
  if (name) {
    sweep.name = *name;
  } else if (entry != nullptr) {
    problems.push_back(
        {entry->value.place,
         fmt::format(
             "name: expected {}, found {}", SweepNameRule::kExpected, describe(entry->value))});
  } else {
    problems.push_back({file.place,
                        fmt::format("the file's name, {}, cannot be the sweep's: expected {}; "
                                    "give it another with name:",
                                    in_quotes(stem),
                                    SweepNameRule::kExpected)});
  }
}

void read_description(const LocatedValue& file, Sweep& sweep, Problems& problems) {
  if (const auto* entry = file.find("description")) {
    sweep.description = entry->value.text;
    if (!entry->value.is_scalar()) {
      problems.push_back(
          {entry->value.place,
           fmt::format("description: expected a text, found {}", describe(entry->value))});
    }
  }
}

/// Nothing submits jobs yet.
void note_unused_slurm(const LocatedValue& file, Sweep& sweep) {
  if (value_or_empty(file, "slurm").entries.empty()) return;
  sweep.notes.emplace_back(
      "slurm: has no effect yet: this version runs on this machine's cores and GPUs, or inside an "
      "allocation");
}

/// "trial.training.epochs" for "epochs", where no other key ends so.
std::optional<std::string> whole_key(const std::string& ending) {
  if (const auto key = key_ending_in(ending, trial_keys())) return "trial." + *key;
  return key_ending_in(ending, other_keys());
}

/// Takes out what stands under trial: and belongs into one of its sections, or elsewhere.
void refuse_misplaced(LocatedValue& trial, Problems& problems) {
  std::erase_if(trial.entries, [&](const LocatedValue::Entry& entry) {
    if (is_trial_key(entry.key)) return false;
    const auto whole = whole_key(entry.key);
    if (!whole) return false;
    problems.push_back(
        {entry.key_place,
         fmt::format("unknown key {} in trial; write it as {}", in_quotes(entry.key), *whole)});
    return true;
  });
}

void check_top_level(const LocatedValue& file, const Place& place, Problems& problems) {
  if (!file.is_map()) {
    problems.push_back(
        {place,
         fmt::format("expected a mapping with trial: and sweep:, found {}", describe(file))});
  }
  for (const LocatedValue::Entry& entry : file.entries) {
    if (is_top_level(entry.key)) continue;
    std::string message = fmt::format(
        "unknown key {}{}", in_quotes(entry.key), suggestion(entry.key, top_level_keys()));
    if (const auto whole = whole_key(entry.key)) {
      message = fmt::format("unknown key {}; write it as {}", in_quotes(entry.key), *whole);
    }
    if (is_trial_key(entry.key)) {
      message = fmt::format("unknown key '{}'; it belongs under trial:", entry.key);
    }
    problems.push_back({entry.key_place, std::move(message)});
  }
}

void check_best_can_be_told(const LocatedValue& file, const Sweep& sweep, Problems& problems) {
  if (!sweep.resources.checkpoints.keep_best) return;
  const auto without = std::ranges::count_if(sweep.trials, [](const Trial& trial) {
    return trial.config.dataset.validation_fraction == 0;
  });
  if (without == 0) return;
  problems.push_back(
      {find_at(file, {"resources", "keep_best_checkpoint"})->value.place,
       fmt::format("resources.keep_best_checkpoint: {} of {} trials have no validation images to "
                   "tell the best epoch by; set dataset.validation_fraction, e.g. to 0.1",
                   without,
                   sweep.trials.size())});
}

/// Wraps a bare trial section into a sweep file.
void wrap_bare_trial(LocatedValue& file) {
  const bool is_sweep_file =
      std::ranges::any_of(file.entries, [](const auto& entry) { return is_top_level(entry.key); });
  if (!file.is_map() || file.entries.empty() || is_sweep_file) return;
  LocatedValue wrapped;
  wrapped.kind = LocatedValue::Kind::kMap;
  wrapped.place = file.place;
  wrapped.entries.push_back({"trial", file.place, std::move(file)});
  file = std::move(wrapped);
}

/// What varies, as the command line sets it: "head.name", "'sweep.seeds=[0]'".
std::vector<std::string> keys_to_set(const Sweep& sweep, const SweepAxes& axes) {
  VaryingKeys varying;
  for (const Trial& trial : sweep.trials) {
    varying.add(config_leaves(to_canonical_json(trial.config)));
  }
  std::vector<std::string> keys = varying.keys();
  if (axes.seeds) {
    std::ranges::replace(keys, "seed", fmt::format("'sweep.seeds=[{}]'", axes.seeds->front()));
  }
  return keys;
}

void expect_single_trial(const std::filesystem::path& path,
                         const Sweep& sweep,
                         const SweepAxes& axes) {
  if (sweep.trials.size() == 1) return;
  throw ConfigError(
      fmt::format("{}: expected a single trial, but the sweep expands to {}; give one value to {}",
                  path.string(),
                  sweep.trials.size(),
                  fmt::join(keys_to_set(sweep, axes), ", ")));
}

enum class FileForm { kSweep, kSweepOrTrial };

Sweep load(const std::filesystem::path& path,
           const std::vector<std::string>& override_texts,
           FileForm form) {
  const std::string source = path.string();
  Problems problems;
  Sweep sweep;
  sweep.text = read_sweep_text(path);
  const Overrides overrides = read_overrides(override_texts, problems);
  LocatedValue file = parse_yaml(sweep.text, source, problems);
  if (form == FileForm::kSweepOrTrial) wrap_bare_trial(file);
  check_top_level(file, {&source}, problems);
  apply_elsewhere(overrides, file, sweep.notes, problems);
  read_name(file, path.stem().string(), sweep, problems);
  read_description(file, sweep, problems);
  sweep.resources = read_top_section<ResourcesConfig>(file, "resources", problems);
  sweep.slurm = read_top_section<SlurmConfig>(file, "slurm", problems);
  note_unused_slurm(file, sweep);

  SweepAxes axes = read_sweep_axes(value_or_empty(file, "sweep"), problems);
  LocatedValue base = value_or_empty(file, "trial");
  move_renamed_keys(base, problems);
  refuse_misplaced(base, problems);
  apply_to_trial(overrides, base, axes, sweep.notes, problems);
  check_axis_conflicts(axes, problems);
  check_seed_is_set_once(base, axes, sweep.notes, problems);
  expand(base, axes, {&source}, sweep, problems);
  check_options_are_used(overrides, sweep.trials, problems);
  check_best_can_be_told(file, sweep, problems);
  throw_problems(std::move(problems));
  for (std::string& note : sweep.notes) note = printable(note);
  if (form == FileForm::kSweepOrTrial) expect_single_trial(path, sweep, axes);
  return sweep;
}

}  // namespace

Sweep load_sweep(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  return load(path, overrides, FileForm::kSweep);
}

Sweep load_single_trial(const std::filesystem::path& path,
                        const std::vector<std::string>& overrides) {
  return load(path, overrides, FileForm::kSweepOrTrial);
}

}  // namespace headway
