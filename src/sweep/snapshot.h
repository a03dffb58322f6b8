#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "scheduling/claims/abandonment.h"
#include "scheduling/claims/claims.h"
#include "scheduling/planning/cost_model.h"
#include "scheduling/planning/makespan.h"
#include "scheduling/policy/shared_error.h"
#include "store/manifest/manifest_watch.h"
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
  std::int64_t vanished = 0;  // not settled, and no longer in the sweep: see SnapshotOptions::plan

  std::int64_t open() const { return running + waiting; }
};

/// A trial that someone works on.
struct RunningTrial {
  ClaimView claim;
  std::size_t index = 0;         // place in the plan
  bool is_lost = false;          // its owner is gone: the next group takes the trial over
  double predicted_seconds = 0;  // of the whole trial, on its group
  double remaining_seconds = 0;

  int ranks() const;
};

/// Something that befell a trial since the last look.
struct TrialEvent {
  enum class Kind { kStarted, kDone, kFailed, kInterrupted, kCancelled };
  Kind kind = Kind::kStarted;
  TrialId trial_id;
  AttemptRecord attempt = {};
  bool is_final = false;  // kFailed: no further attempt
};

struct SnapshotOptions {
  // What a run serves, whatever the sweep's plan becomes meanwhile. Its trials that the sweep no
  // longer has neither wait nor count as open. Absent: the sweep's plan is read.
  std::optional<SweepManifest> plan = {};
  std::optional<RankKind> ranks = {};  // at hand; absent: those that the plan asks for
  bool follows_plan = false;           // a sweep may be extended while it is looked at
  // Between a claim and its first record a trial looks as if it waited. Groups claim in queue
  // order, so such claims stand near its front; whoever looks several times a second need not look
  // further than some way into it.
  std::size_t claims_looked_up = std::numeric_limits<std::size_t>::max();
};

/// How a sweep stands now, from its records and claims: the one view of `run`, `status`, `why` and
/// `interrupt`. Each refresh costs what is new, and one file per claim that is looked up.
class SweepSnapshot {
 public:
  explicit SweepSnapshot(std::filesystem::path sweep_directory, SnapshotOptions options = {});

  /// Looks again and changes nothing: trials whose owner is gone are running, and lost.
  void refresh() { look(nullptr); }
  /// Looks again. Ends of attempts whose owner is gone are reported through `reports`, and their
  /// trials wait.
  void refresh(SegmentWriter& reports) { look(&reports); }

  const SweepManifest& plan() const { return plan_; }
  const std::filesystem::path& sweep_directory() const { return sweep_directory_; }
  const SweepState& state() const { return state_; }
  const TrialCounts& counts() const { return counts_; }
  /// Longest predicted first.
  const std::vector<RunningTrial>& running() const { return running_; }
  /// Trials that no group works on, as places in the plan, longest predicted first.
  const std::vector<std::size_t>& waiting() const { return waiting_; }
  /// Since the last look; empty after the first one.
  const std::vector<TrialEvent>& events() const { return events_; }

  /// The trial's place in the plan; nothing when the plan lacks it.
  std::optional<std::size_t> find(const TrialId& trial_id) const;
  /// Predicted seconds of a trial of the plan, on the widths of group that it can use and that what
  /// became of earlier attempts allows.
  SecondsByWidth seconds_by_width(std::size_t index) const;
  /// The same of all trials in waiting().
  std::vector<SecondsByWidth> waiting_seconds() const;
  /// How many ranks may train a trial of the plan now: see above.
  RankRange ranks(std::size_t index) const;
  /// See sweep/pauses.h; as of the last look.
  std::optional<SharedError> pausing_error() const;
  /// The claims of `group` that no record has ended.
  std::vector<ClaimView> unended_claims(const std::string& group) const;
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

  void read_plan_if_changed();
  void take_plan();
  void look(SegmentWriter* reports);
  void look_at(std::size_t index, SegmentWriter* reports);
  bool is_worked_on(std::size_t index, SegmentWriter* reports);
  const TrialCost& cost(std::size_t index) const { return costs_[cost_of_trial_[index]]; }
  void note_events(std::size_t index, const TrialHistory& record, TrialStatus now);
  void predict();
  void measure_running();

  std::filesystem::path sweep_directory_;
  SnapshotOptions options_;
  SweepManifest plan_;
  std::optional<ManifestWatch> manifest_;  // with a plan of its own
  std::filesystem::file_time_type plan_changed_;
  RankKind ranks_;
  std::vector<TrialCost> costs_;            // by cell
  std::vector<std::size_t> cost_of_trial_;  // in plan order, places in costs_
  std::vector<SecondsByWidth> predicted_;   // by cell
  std::vector<std::size_t> longest_first_;  // places in the plan
  SweepState state_;
  AbandonmentJudge abandonment_;
  CostModel finished_;      // knows the finished trials
  CostModel model_;         // knows the running ones too
  std::vector<Seen> seen_;  // in plan order
  bool looked_ = false;

  TrialCounts counts_;
  std::vector<RunningTrial> running_;
  std::vector<std::size_t> waiting_;
  std::vector<TrialEvent> events_;
};

/// Ids of the supervisors that serve the sweep, as far as can be told from this machine.
std::vector<SupervisorId> live_supervisors(const std::filesystem::path& sweep_directory);

}  // namespace headway
