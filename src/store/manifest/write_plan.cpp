#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <unordered_set>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/logging.h"
#include "store/manifest/plan_lines.h"
#include "store/manifest/plan_settings.h"
#include "store/manifest/sweep_directory.h"

namespace headway {
namespace {

// Held while the plan is rewritten, released when the descriptor closes. Where the file system has
// no locks, atomic replacement alone keeps the files whole.
FileDescriptor lock_plan(const std::filesystem::path& directory) {
  FileDescriptor file = open_file(directory / ".plan.lock", O_RDWR | O_CREAT);
  while (::flock(file.native(), LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    if (errno != ENOLCK && errno != EOPNOTSUPP) throw_errno("flock", directory.string());
    log_warning("{}: no file locks here; don't start two runs at once", directory.string());
    break;
  }
  return file;
}

void replace_if_changed(const std::filesystem::path& path, const std::string& text) {
  if (std::filesystem::exists(path) && read_text(path) == text) return;
  replace_file(path, text);
}

// sweep.yaml, then sweep.2.yaml, sweep.3.yaml, ...: every text that was submitted, in order.
void keep_sweep_text(const SweepDirectory& layout, const std::string& text) {
  std::filesystem::path latest;
  std::filesystem::path next = layout.sweep_file();
  for (int version = 2; std::filesystem::exists(next); ++version) {
    latest = next;
    next = layout.root() / fmt::format("sweep.{}.yaml", version);
  }
  if (latest.empty() || read_text(latest) != text) replace_file(next, text);
}

std::string lines_of(const std::vector<PlannedTrial>& trials) {
  std::string text;
  for (const PlannedTrial& trial : trials) text += plan_line(trial);
  return text;
}

std::vector<PlannedTrial> present_trials(const SweepDirectory& layout) {
  if (!std::filesystem::exists(layout.trials_file())) return {};
  return read_plan_lines(layout.trials_file());
}

std::unordered_set<std::string> ids_of(const std::vector<PlannedTrial>& trials) {
  std::unordered_set<std::string> ids;
  for (const PlannedTrial& trial : trials) ids.insert(trial.trial_id);
  return ids;
}

PlanChange compare(const std::vector<PlannedTrial>& old_trials,
                   const std::vector<PlannedTrial>& new_trials) {
  PlanChange change;
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

// What ever was in the plan and is no longer: the store keeps describing it after a rebuild.
std::vector<PlannedTrial> vanished_trials(const SweepDirectory& layout,
                                          const std::vector<PlannedTrial>& old_trials,
                                          const std::vector<PlannedTrial>& new_trials) {
  auto present = ids_of(new_trials);
  std::vector<PlannedTrial> result;
  for (const auto& source : {read_vanished_trials(layout.root()), old_trials}) {
    for (const PlannedTrial& trial : source) {
      if (present.insert(trial.trial_id).second) result.push_back(trial);
    }
  }
  return result;
}

}  // namespace

PlanChange write_plan(const std::filesystem::path& directory, const Sweep& sweep) {
  std::filesystem::create_directories(directory);
  const SweepDirectory layout(directory);
  const FileDescriptor lock = lock_plan(directory);
  std::vector<PlannedTrial> trials;
  for (const Trial& trial : sweep.trials) trials.push_back(planned_trial(trial));
  const std::vector<PlannedTrial> old_trials = present_trials(layout);
  PlanChange change = compare(old_trials, trials);
  change.is_new = !std::filesystem::exists(layout.trials_file());
  // The list of trials comes last: it is what makes a sweep, and no step before it loses a trial.
  keep_sweep_text(layout, sweep.text);
  const auto vanished = vanished_trials(layout, old_trials, trials);
  if (!vanished.empty() || std::filesystem::exists(layout.vanished_trials_file())) {
    replace_if_changed(layout.vanished_trials_file(), lines_of(vanished));
  }
  replace_if_changed(layout.plan_file(), plan_settings(sweep).dump(2) + "\n");
  replace_if_changed(layout.trials_file(), lines_of(trials));
  return change;
}

}  // namespace headway
