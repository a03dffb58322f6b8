#include "runner/supervisor/leftovers.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/logging.h"
#include "base/sweep_layout.h"
#include "base/temporary_files.h"
#include "cluster/local/scratch_folder.h"
#include "scheduling/claims/claims.h"
#include "scheduling/claims/supervisors.h"
#include "store/manifest/sweep_state.h"
#include "sweep/evaluation_state.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code none;
  fs::directory_iterator entry(folder, none);
  for (; !none && entry != fs::directory_iterator(); entry.increment(none)) {
    entries.push_back(entry->path());
  }
  return entries;
}

// "node1-1a2b3c4d.offers.json" -> "node1-1a2b3c4d"; the same of a temporary file beside it,
// ".node1-1a2b3c4d.json.0f3c.tmp".
std::string supervisor_in(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t begin = name.starts_with('.') ? 1 : 0;
  return name.substr(begin, name.find('.', begin) - begin);
}

// What is named otherwise than a supervisor names its files is not headway's. A supervisor makes
// its entry before all its other files and removes it after them: files without an entry are
// nobody's. A dead one's groups may live on for a moment, and others judge by its entry.
bool is_gone(const fs::path& root, const std::string& id, const std::vector<ClaimView>& claims) {
  const auto group = GroupName::from(id + "-0");
  if (!group || !is_supervised(*group)) return false;
  if (supervisor_of(root, *group) != Liveness::kDead) return false;
  return std::none_of(claims.begin(), claims.end(), [&](const ClaimView& claim) {
    const std::string& owner = claim.owner.group.text();
    return owner.starts_with(id + "-") && liveness(claim.owner.process) != Liveness::kDead;
  });
}

void remove_dead_supervisors(const fs::path& root) {
  const std::vector<fs::path> files = entries_of(SweepLayout(root).supervisors());
  if (files.empty()) return;
  const std::vector<ClaimView> claims = latest_claims(root);
  std::error_code ignored;
  for (const fs::path& file : files) {
    if (is_gone(root, supervisor_in(file), claims)) fs::remove(file, ignored);
  }
}

bool is_held(const fs::path& root, const TrialId& trial_id) {
  const auto claim = latest_claim(root, trial_id);
  return claim && liveness(claim->owner.process) == Liveness::kAlive;
}

// A group clears a trial's checkpoints right after it recorded its end, unless it dies in between.
// One of another machine that is about to do so does not mind.
void remove_checkpoints(const fs::path& root, const std::function<bool(const TrialId&)>& is_done) {
  const SweepLayout layout(root);
  std::error_code ignored;
  for (const fs::path& folder : entries_of(layout.checkpoints())) {
    const auto id = TrialId::from(folder.filename().string());
    if (!id || !is_done(*id)) continue;
    if (!is_held(root, *id)) fs::remove_all(layout.checkpoints(*id), ignored);
  }
}

void remove_checkpoints_of_done_trials(const fs::path& sweep_directory) {
  if (entries_of(SweepLayout(sweep_directory).checkpoints()).empty()) return;
  SweepState state(sweep_directory);
  state.refresh();
  remove_checkpoints(sweep_directory, [&](const TrialId& id) {
    return state.trial(id).state() == TrialState::kDone;
  });
}

void remove_checkpoints_of_recorded(const fs::path& sweep_directory, const std::string& suite) {
  const fs::path root = SweepLayout(sweep_directory).evaluation(suite);
  if (entries_of(SweepLayout(root).checkpoints()).empty()) return;
  EvaluationState state(sweep_directory, suite);
  state.refresh();
  remove_checkpoints(
      root, [&](const TrialId& id) { return state.status(id) == EvaluationStatus::kDone; });
}

}  // namespace

void remove_leftovers(const fs::path& sweep_directory) {
  try {
    const SweepLayout layout(sweep_directory);
    remove_dead_supervisors(sweep_directory);
    for (const fs::path& evaluation : entries_of(layout.evaluations())) {
      const std::string suite = evaluation.filename().string();
      remove_dead_supervisors(layout.evaluation(suite));
      remove_checkpoints_of_recorded(sweep_directory, suite);
    }
    remove_checkpoints_of_done_trials(sweep_directory);
    remove_abandoned_scratch();
  } catch (const std::runtime_error& error) {  // of std::filesystem, too
    log_warning("files of dead processes stay: {}", error.what());
  }
}

void report_unusable_temporary_directory(std::ostream& err) {
  try {
    temporary_directory();
  } catch (const EnvironmentError& error) {
    fmt::print(
        err, "note: {}; until then {} is used\n", error.what(), any_temporary_directory().string());
  }
}

}  // namespace headway
