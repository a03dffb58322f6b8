#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/sweep/sweep.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {

// The lines of trials.jsonl: {"trial_id":...,"cell_id":...,"seed":...,"config":{...}}.

std::string manifest_line(const PlannedTrial& trial);
std::string manifest_lines(const std::vector<PlannedTrial>& trials);
PlannedTrial planned_trial(const Trial& trial);

/// The trial's configuration; StoreError when the ids and the seed are not its own: someone edited
/// `list`, as messages call where the trial stands.
TrialConfig config_of(const PlannedTrial& trial, const std::string& list);

/// What a list holds, whatever became of some of its lines.
struct ManifestLines {
  std::vector<PlannedTrial> trials;
  std::vector<std::string> damage;  // "FILE:LINE: not a trial: ..."
};
ManifestLines read_sound_manifest_lines(const std::filesystem::path& file);

/// Reads lines as manifest_line writes them without building any JSON, others with the JSON parser.
/// StoreError naming the line that is neither.
std::vector<PlannedTrial> read_manifest_lines(const std::filesystem::path& file);

}  // namespace headway
