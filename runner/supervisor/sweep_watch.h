#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/supervisor/group_widths.h"
#include "runner/trial_outlook.h"
#include "scheduling/abandonment.h"
#include "scheduling/claims.h"
#include "scheduling/cost_model.h"
#include "store/segment_writer.h"
#include "store/sweep_directory.h"
#include "store/sweep_state.h"

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
class SweepWatch {
 public:
  explicit SweepWatch(std::filesystem::path sweep_directory);

  /// Looks again. Ends of attempts whose owner is gone are reported through `reports`.
  void look(SegmentWriter& reports);

  const Plan& plan() const { return plan_; }
  const std::filesystem::path& sweep_directory() const { return sweep_directory_; }
  const TrialCounts& counts() const { return counts_; }
  const std::vector<WatchedTrial>& running() const { return running_; }
  const std::vector<WaitingTrial>& waiting() const { return waiting_; }
  /// Since the last look; empty after the first one.
  const std::vector<TrialEvent>& events() const { return events_; }
  /// Predicted time until all is done on `slots` slots; absent when nothing is left.
  std::optional<double> remaining_seconds(int slots) const;

  /// Claims of `group` that no record has ended.
  std::vector<ClaimView> unfinished_claims(const std::string& group) const;
  /// Whether `group` has worked on anything.
  bool has_worked(const std::string& group) const;

 private:
  struct Seen {
    Outlook outlook = Outlook::kOpen;
    std::int64_t attempt = 0;
    std::string state;
  };

  void note_events(std::size_t index, const TrialRecord& record, Outlook now);
  void measure(std::size_t index, const AttemptRecord& attempt);
  bool is_worked_on(std::size_t index, SegmentWriter& reports);

  std::filesystem::path sweep_directory_;
  Plan plan_;
  std::vector<TrialCost> costs_;  // in plan order
  std::vector<std::size_t> longest_first_;
  SweepState state_;
  AbandonmentJudge abandonment_;
  CostModel model_;
  std::vector<Seen> seen_;  // in plan order
  bool looked_ = false;

  TrialCounts counts_;
  std::vector<WatchedTrial> running_;
  std::vector<WaitingTrial> waiting_;
  std::vector<TrialEvent> events_;
};

}  // namespace headway
