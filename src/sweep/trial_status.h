#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/ids.h"
#include "config/schema/rank_range.h"
#include "scheduling/claims/abandonment.h"
#include "scheduling/claims/claims.h"
#include "scheduling/policy/retry_policy.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "store/segments/trial_history.h"

namespace headway {

/// What the scheduler makes of a trial's records.
enum class TrialStatus {
  kOpen,  // to be trained, now or when its present attempt ends badly
  kDone,
  kFailedForGood,  // until someone asks for a retry
  kCancelled,
};

RetryDecision retry_decision(const TrialHistory& record);

/// How many of `ranks` may try a trial next: one that ran out of memory gets fewer, as far as it
/// can do with fewer.
RankRange ranks_to_try(RankRange ranks, const TrialHistory& record);

TrialStatus trial_status(const TrialHistory& record);

/// Whether a record tells how this attempt ended.
bool has_ended(const TrialHistory& record, std::int64_t attempt);

/// The claim by which someone works on the trial, or seemed to: the latest, unless a record tells
/// how its attempt ended. Whether its owner is still there is AbandonmentJudge's question.
std::optional<ClaimView> unended_claim(const std::filesystem::path& sweep_directory,
                                       const TrialId& trial_id,
                                       const TrialHistory& record);

/// What became of an unended claim when someone looked at its owner.
enum class ClaimOutcome {
  kHeld,      // the owner may still be at work
  kEnded,     // the owner had recorded the end in the meantime
  kReported,  // the owner is gone, and now a record says so
};

/// Settles one claim: reports the end of its attempt when its owner is gone, so that the history is
/// whole. Refreshes `state` first in that case.
ClaimOutcome settle_claim(const ClaimView& claim,
                          AbandonmentJudge& abandonment,
                          SweepState& state,
                          SegmentWriter& reports);

}  // namespace headway
