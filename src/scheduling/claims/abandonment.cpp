#include "scheduling/claims/abandonment.h"

#include <fmt/format.h>

#include "base/failure.h"
#include "scheduling/claims/crash_report.h"
#include "scheduling/claims/supervisors.h"

namespace headway {

bool AbandonmentJudge::is_stopped_orphan(const ClaimView& claim) {
  if (waits_for_others(claim.progress.phase)) return false;
  return orphan_staleness_.stale(claim) && liveness(claim.owner.process) == Liveness::kAlive &&
         supervisor_of(sweep_directory_, claim.owner.group) == Liveness::kDead;
}

std::optional<Abandonment> AbandonmentJudge::judge(const ClaimView& claim) {
  if (is_stopped_orphan(claim)) {
    return Abandonment{
        failure_name(FailureClass::kNodeFailure),
        fmt::format("group '{}' stands still and its supervisor died", claim.owner.group)};
  }
  if (!staleness_.stale(claim)) return std::nullopt;
  const GroupName& group = claim.owner.group;
  switch (liveness(claim.owner.process)) {
    case Liveness::kDead:
      if (supervisor_of(sweep_directory_, group) == Liveness::kAlive) return std::nullopt;
      if (const auto words = first_crash_report(sweep_directory_, claim.trial_id, claim.attempt)) {
        return Abandonment{words->failure, to_text(*words, claim.owner.world_size)};
      }
      return Abandonment{failure_name(FailureClass::kNodeFailure),
                         fmt::format("group '{}' and its supervisor died", group)};
    case Liveness::kAlive:
      if (waits_for_others(claim.progress.phase)) return std::nullopt;
      return Abandonment{failure_name(FailureClass::kHung),
                         fmt::format("group '{}' lives, but its heart stands still", group)};
    case Liveness::kUnknown:
      break;
  }
  return Abandonment{failure_name(FailureClass::kNodeFailure),
                     fmt::format("group '{}' gave no more sign of life", group)};
}

}  // namespace headway
