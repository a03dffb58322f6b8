#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runner/cli/arguments.h"

namespace headway {

/// What may stand in place of the last of `words`, the command line behind `headway` up to the
/// cursor: verbs and options of `app`, and by the type of the argument sweeps, trial ids, keys of a
/// sweep file and what they may hold, file names. Words that bash has split at "=" are put together
/// again, and the candidates are then for the part behind it.
std::vector<std::string> completion_candidates(const CLI::App& app,
                                               const std::vector<std::string>& words,
                                               const std::filesystem::path& results_root);

/// The shells that scripts exist for.
const std::vector<std::string>& completed_shells();

/// What has `shell` ask `headway __complete`. ConfigError with the nearest shell when it is none of
/// completed_shells().
std::string completion_script(const std::string& shell);

}  // namespace headway
