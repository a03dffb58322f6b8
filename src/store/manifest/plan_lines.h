#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/sweep/sweep.h"
#include "store/manifest/sweep_directory.h"

namespace headway {

// The lines of trials.jsonl: {"trial_id":...,"cell_id":...,"seed":...,"config":{...}}.

std::string plan_line(const PlannedTrial& trial);
PlannedTrial planned_trial(const Trial& trial);

/// Reads lines as plan_line writes them without building any JSON, others with the JSON parser.
/// StoreError naming the line that is neither.
std::vector<PlannedTrial> read_plan_lines(const std::filesystem::path& file);

}  // namespace headway
