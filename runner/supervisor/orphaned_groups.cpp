#include "runner/supervisor/orphaned_groups.h"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "base/errors.h"
#include "base/signals.h"
#include "base/sweep_layout.h"
#include "scheduling/claims/supervisors.h"

namespace headway {
namespace {

// One that is gone meanwhile, or was never ours to signal, is none of our concern.
void signal_if_possible(const ProcessIdentity& process, int signal) {
  try {
    send_signal(process, signal);
  } catch (const EnvironmentError&) {
  }
}

}  // namespace

OrphanedGroups::OrphanedGroups(std::filesystem::path sweep_directory,
                               Launcher& launcher,
                               AwakeClock clock)
    : sweep_directory_(std::move(sweep_directory)), launcher_(launcher), clock_(std::move(clock)) {}

Liveness OrphanedGroups::supervisor_of(const GroupProcess& process) const {
  const SweepLayout sweep(sweep_directory_);
  const auto root = process.suite.empty() ? sweep.root() : sweep.evaluation(process.suite);
  return headway::supervisor_of(root, GroupName(process.group));
}

std::vector<std::string> OrphanedGroups::look() {
  std::vector<std::string> messages;
  const double now = clock_.seconds();
  std::map<std::string, double> found;
  for (const GroupProcess& member : launcher_.group_processes(sweep_directory_)) {
    const auto name = GroupName::from(member.group);
    if (!name || !is_supervised(*name) || supervisor_of(member) != Liveness::kDead) continue;
    const auto before = found_at_.find(member.group);
    const double since = before == found_at_.end() ? now : before->second;
    const bool is_overdue = now - since >= kGraceSeconds;
    if (found.emplace(member.group, since).second && is_overdue) {
      messages.push_back(fmt::format(
          "killing worker group {}: its supervisor is dead, and it does not leave by itself",
          member.group));
    }
    signal_if_possible(member.process, is_overdue ? SIGKILL : SIGCONT);
  }
  found_at_ = std::move(found);
  return messages;
}

}  // namespace headway
