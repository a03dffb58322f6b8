#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/schema/resources.h"
#include "config/schema/slurm.h"
#include "config/schema/trial_config.h"

namespace headway {

struct Trial {
  TrialId trial_id;
  CellId cell_id;
  TrialConfig config;
};

/// A remark on one cell found by a validity rule: it runs, but the reader should know.
struct CellFlag {
  CellId cell_id;
  std::string rule;     // e.g. "cosine_scale_too_small"
  std::string message;  // with the numbers
};

/// A sweep file, expanded and checked.
struct Sweep {
  SweepName name;
  std::string description;
  std::vector<Trial> trials;  // in file order, without duplicates
  std::vector<CellFlag> flags;
  std::vector<std::string> notes;  // merged cells, dropped options, skipped cells
  ResourcesConfig resources;
  SlurmConfig slurm;
  std::string text;  // the file as submitted
};

/// Reads `path`, applies command-line overrides ("a.b=1", "a.b=1,2", "~augmentation"), expands and
/// checks. ConfigErrors holds every mistake as "FILE:LINE:COLUMN: what was found, what is
/// expected"; an override's place is "command line: 'TEXT'".
Sweep load_sweep(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

/// One trial's file for `headway train`: either a sweep file that expands to one trial, or a bare
/// `trial:` section.
Sweep load_single_trial(const std::filesystem::path& path,
                        const std::vector<std::string>& overrides = {});

}  // namespace headway
