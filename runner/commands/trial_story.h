#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runner/commands/sweep_argument.h"
#include "runner/trial_outlook.h"
#include "scheduling/claims.h"
#include "store/trial_record.h"

namespace headway {

/// What became of a trial, why, and what to do next.
struct TrialStory {
  TrialLocation place;
  TrialState state = TrialState::kPending;
  Outlook outlook = Outlook::kOpen;
  std::vector<AttemptRecord> attempts;
  RetryDecision decision;
  std::vector<std::string> rules;           // of the classes by which its attempts failed
  std::optional<ClaimView> holder = {};     // who works on it, or seemed to
  std::vector<std::string> reasons;         // why it stands where it stands
  std::vector<std::string> log = {};        // last lines of the trial's log
  std::vector<std::string> group_log = {};  // of the group's, when the last attempt failed
  std::string group_log_file = {};
  std::vector<std::string> next = {};  // commands
};

/// Reads records, claims and logs; changes nothing.
TrialStory trial_story(const TrialLocation& place);

nlohmann::json story_json(const TrialStory& story);

}  // namespace headway
