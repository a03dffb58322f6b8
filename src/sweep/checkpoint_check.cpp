#include "sweep/checkpoint_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "sweep/trial_folders.h"
#include "training/state/checkpoint.h"

namespace headway {
namespace {

// Tensors and manifest of one that is being replaced do not fit each other for a moment.
constexpr std::chrono::milliseconds kBetweenLooks{200};

std::vector<std::string> lasting_damage(const CheckpointFolder& checkpoints) {
  std::vector<std::string> damage = checkpoints.damage();
  if (damage.empty()) return damage;
  std::this_thread::sleep_for(kBetweenLooks);
  const std::vector<std::string> now = checkpoints.damage();
  std::erase_if(damage,
                [&](const std::string& one) { return std::ranges::find(now, one) == now.end(); });
  return damage;
}

}  // namespace

std::vector<FsckProblem> check_checkpoints(const std::filesystem::path& sweep_directory) {
  std::vector<FsckProblem> problems;
  const SweepLayout layout(sweep_directory);
  const auto folder_of = [&](const TrialId& id) { return layout.checkpoints(id); };
  for (const TrialId& id : usable_trial_folders(layout.checkpoints(), folder_of, problems)) {
    const auto folder = layout.checkpoints(id);
    for (const std::string& damage : lasting_damage(CheckpointFolder(folder))) {
      problems.push_back(
          {folder.string(),
           fmt::format("a checkpoint cannot be used, {}; the trial goes on from the one before it",
                       damage),
           FsckFinding::kRemark});
    }
  }
  return problems;
}

}  // namespace headway
