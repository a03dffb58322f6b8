#include "store/manifest/supervisor_trials.h"

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "store/manifest/manifest_lines.h"

namespace headway {

SupervisorTrials::SupervisorTrials(const std::filesystem::path& root,
                                   const SupervisorId& supervisor)
    : file_(SweepLayout(root).supervisor_trials(supervisor)) {}

SupervisorTrials::~SupervisorTrials() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void SupervisorTrials::publish(const std::vector<PlannedTrial>& trials) const {
  make_directories(file_.parent_path(), Durability::kAtomicOnly);
  replace_file(file_, manifest_lines(trials), Durability::kAtomicOnly);
}

std::optional<std::vector<PlannedTrial>> trials_of_supervisor(const std::filesystem::path& root,
                                                              const SupervisorId& supervisor) {
  const auto file = SweepLayout(root).supervisor_trials(supervisor);
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) return std::nullopt;
  try {
    return read_manifest_lines(file);
  } catch (const EnvironmentError&) {
    return std::nullopt;  // its machine's crash left it empty, or it was removed since
  }
}

}  // namespace headway
