#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduling/claims/claims.h"
#include "store/segments/trial_history.h"
#include "sweep/location.h"
#include "sweep/trial_status.h"

namespace headway {

/// What became of a trial, why, and what to do next.
struct TrialDiagnosis {
  TrialLocation place;
  TrialState state = TrialState::kPending;
  TrialStatus status = TrialStatus::kOpen;
  std::vector<AttemptRecord> attempts;
  RetryDecision decision;
  std::vector<std::string> rules = {};      // of the classes by which its attempts failed
  std::optional<ClaimView> holder = {};     // who works on it, or seemed to
  std::vector<std::string> reasons = {};    // why it stands where it stands
  std::vector<std::string> log = {};        // last lines of the trial's log
  std::vector<std::string> group_log = {};  // of the group's, when the last attempt failed
  std::string group_log_file = {};
  std::vector<std::string> next = {};  // commands
};

/// Reads records, claims and logs; changes nothing.
TrialDiagnosis diagnose_trial(const TrialLocation& place);

}  // namespace headway
