#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runner/cli/sweep_argument.h"
#include "scheduling/claims/claims.h"
#include "scheduling/planning/cost_model.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"

namespace headway {

struct RunningTrial {
  ClaimView claim;
  bool is_lost = false;  // its owner is gone; the next worker group takes the trial over
  double remaining_seconds = 0;
};

struct FailedTrial {
  std::string trial_id;
  std::string failure;
  std::string message;
  std::int64_t attempts = 0;
  bool is_final = false;  // no further attempt without `headway retry`
};

/// Where a sweep stands at one moment.
struct SweepStatus {
  SweepLocation sweep;
  std::int64_t total = 0;
  std::map<TrialState, std::int64_t> counts = {};  // of the plan's trials, every state present
  std::vector<RunningTrial> running = {};          // in plan order
  std::vector<FailedTrial> failed = {};            // in plan order
  int busy_slots = 0;                              // ranks at work
  double remaining_slot_seconds = 0;
  std::optional<double> remaining_seconds = {};  // with as many slots as now; absent: nobody works
};

/// Follows one sweep without changing anything; every look reads only the records that are new.
class SweepObserver {
 public:
  explicit SweepObserver(SweepLocation sweep);

  SweepStatus look();

 private:
  void read_plan_if_changed();
  const TrialCost& cost(const PlannedTrial& trial);
  std::optional<double> seconds_to_end(const SweepStatus& status,
                                       const std::vector<const TrialCost*>& waiting) const;
  bool is_worked_on(const PlannedTrial& trial, const ClaimView& claim);
  void add_running(SweepStatus& status, const PlannedTrial& trial, const ClaimView& claim);

  SweepLocation sweep_;
  SweepManifest plan_;
  std::filesystem::file_time_type plan_changed_;
  SweepState state_;
  StalenessObserver staleness_;
  CostTable cost_table_;
  CostModel costs_;
};

nlohmann::json status_json(const SweepStatus& status);

}  // namespace headway
