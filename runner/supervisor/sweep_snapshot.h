#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/claims/abandonment.h"
#include "scheduling/claims/claims.h"
#include "scheduling/planning/cost_model.h"
#include "scheduling/planning/group_planner.h"
#include "scheduling/planning/makespan.h"
#include "scheduling/policy/shared_error.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "sweep/measured_costs.h"
#include "sweep/trial_status.h"

namespace headway {

struct TrialCounts {
  std::int64_t total = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;  // for good
  std::int64_t cancelled = 0;
  std::int64_t running = 0;
  std::int64_t waiting = 0;

  std::int64_t open() const { return running + waiting; }
};

struct WatchedTrial {
  ClaimView claim;
  double predicted_seconds = 0;  // of the whole trial, on its group
  double remaining_seconds = 0;
};

/// Something that befell a trial since the last look.
struct TrialEvent {
  enum class Kind { kStarted, kDone, kFailed, kInterrupted };
  Kind kind = Kind::kStarted;
  std::string trial_id;
  AttemptRecord attempt = {};
  bool is_final = false;  // kFailed: no further attempt
};

/// Where a sweep stands, from its records and claims; each look costs what is new, and one file per
/// running trial.
class SweepSnapshot {
 public:
  explicit SweepSnapshot(std::filesystem::path sweep_directory, RankKind ranks = {});

  /// Looks again. Ends of attempts whose owner is gone are reported through `reports`.
  void look(SegmentWriter& reports);

  const SweepManifest& plan() const { return plan_; }
  const std::filesystem::path& sweep_directory() const { return sweep_directory_; }
  const TrialCounts& counts() const { return counts_; }
  const std::vector<WatchedTrial>& running() const { return running_; }
  /// Trials that no group works on, as places in the plan, longest predicted first.
  const std::vector<std::size_t>& waiting() const { return waiting_; }
  /// Predicted seconds of a trial of the plan on groups of 1, 2, 4, ... ranks, as far as its shards
  /// and what became of earlier attempts allow.
  std::vector<double> seconds_by_width(std::size_t index) const;
  /// Since the last look; empty after the first one.
  const std::vector<TrialEvent>& events() const { return events_; }
  /// See runner/sweep_pause.h; as of the last look.
  std::optional<SharedError> pausing_error() const;
  const SweepState& state() const { return state_; }
  /// Claims of `group` that no record has ended.
  std::vector<ClaimView> unfinished_claims(const std::string& group) const;
  /// Whether `group` has worked on anything.
  bool has_worked(const std::string& group) const;
  /// What the groups of `supervisor` have done, by trial.
  std::vector<TrialWork> work_of(const std::string& supervisor) const;

 private:
  struct Seen {
    TrialStatus status = TrialStatus::kOpen;
    std::int64_t attempt = 0;
    std::string state;
  };

  const TrialCost& cost(std::size_t index) const { return costs_[cost_of_trial_[index]]; }
  void note_events(std::size_t index, const TrialHistory& record, TrialStatus now);
  void predict();
  void measure_running();
  bool is_worked_on(std::size_t index, SegmentWriter& reports);

  std::filesystem::path sweep_directory_;
  SweepManifest plan_;
  RankKind ranks_;
  std::vector<TrialCost> costs_;                // by cell
  std::vector<std::size_t> cost_of_trial_;      // in plan order, places in costs_
  std::vector<std::vector<double>> predicted_;  // by cell: seconds by width
  std::vector<std::size_t> longest_first_;      // places in the plan
  SweepState state_;
  AbandonmentJudge abandonment_;
  CostModel finished_;      // knows the finished trials
  CostModel model_;         // knows the running ones too
  std::vector<Seen> seen_;  // in plan order
  bool looked_ = false;

  TrialCounts counts_;
  std::vector<WatchedTrial> running_;
  std::vector<std::size_t> running_places_;  // in the plan
  std::vector<std::size_t> waiting_;
  std::vector<TrialEvent> events_;
};

}  // namespace headway
