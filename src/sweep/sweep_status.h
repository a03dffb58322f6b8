#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sweep/location.h"
#include "sweep/snapshot.h"

namespace headway {

struct FailedTrial {
  TrialId trial_id;
  std::string failure;
  std::string message;
  std::int64_t attempts = 0;
  bool is_final = false;  // no further attempt without `headway retry`
};

/// Where a sweep stands at one moment, for people and programs that ask.
struct SweepStatus {
  SweepLocation sweep;
  std::int64_t total = 0;
  std::map<TrialState, std::int64_t> counts = {};  // of the plan's trials, every state present
  std::vector<RunningTrial> running = {};          // in plan order
  std::vector<FailedTrial> failed = {};            // in plan order
  int busy_slots = 0;                              // ranks at work
  double remaining_slot_seconds = 0;
  std::optional<double> remaining_seconds = {};  // with as many slots as now; absent: nobody works

  /// Nothing runs, nor waits for its first attempt.
  bool is_over() const;
};

/// As of the snapshot's last look.
SweepStatus sweep_status(const SweepLocation& sweep, const SweepSnapshot& snapshot);

}  // namespace headway
