#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/schema/rank_range.h"
#include "config/schema/trial_config.h"
#include "scheduling/claims/claims.h"
#include "scheduling/planning/seconds_by_width.h"

namespace headway {

/// What the scheduler needs to know of a trial.
struct TrialCost {
  double flops = 0;        // of the whole trial, evaluations included
  double train_flops = 0;  // of these, of training steps
  double final_flops = 0;  // of these, of the passes after the last epoch
  std::int64_t batch_size = 1;
  RankRange ranks = {};
  double assumed_speed = 1;       // operations a second of one rank, before anything was measured
  std::string speed_class = {};   // runs at one speed: same encoder, like width, same precision
  std::string speed_family = {};  // the same encoder at any width
};

/// From the shapes that the catalog knows: a forward pass costs two operations per multiply-add,
/// forward and backward three times as much; evaluations are counted in.
TrialCost trial_cost(const TrialConfig& config);

/// Costs by cell, each computed once: the seeds of a cell cost the same, and reading 10,000
/// configurations takes its time.
class CostTable {
 public:
  const TrialCost& at(const std::string& cell_id, const std::function<TrialConfig()>& config);

 private:
  std::unordered_map<std::string, TrialCost> costs_;
};

/// Predicts how long trials take from their operations and a speed. It starts from an assumption
/// that is right within a small factor on today's CPU cores and learns from finished trials and
/// from the first steps of running ones: apart for each speed class, or else from trials of the
/// same encoder, or of any. A model speaks of one kind of rank: same device, same thread count.
class CostModel {
 public:
  /// Of a rank whose layers are wide.
  static constexpr double kAssumedFlopsPerSecond = 60e9;
  /// How much of its speed a rank keeps when a group is twice as wide, before it was measured.
  static constexpr double kAssumedEfficiency = 0.8;

  /// A trial that took `duration_seconds` on `ranks` ranks.
  void observe(const TrialCost& cost, double duration_seconds, int ranks = 1);
  /// A trial that is running on `ranks` ranks; counts as much as it has done so far.
  void observe_running(const TrialCost& cost, const Progress& progress, int ranks = 1);

  /// Seconds of the whole trial on a group of `ranks` ranks.
  double predicted_seconds(const TrialCost& cost, int ranks = 1) const;
  /// On each width of group that the trial can use and that `slots` ranks allow; on its narrowest
  /// in any case.
  SecondsByWidth seconds_by_width(const TrialCost& cost, int slots) const;
  /// Seconds that a running trial has left: by its own speed once it has shown it.
  double remaining_seconds(const TrialCost& cost, const Progress& progress, int ranks = 1) const;

  /// The speed of a rank in a group of `ranks`, as a part of its speed alone.
  double efficiency(const TrialCost& cost, int ranks) const;

  // For those who have no CostTable.
  void observe(const TrialConfig& config, double duration_seconds, int ranks = 1) {
    observe(trial_cost(config), duration_seconds, ranks);
  }
  double predicted_seconds(const TrialConfig& config, int ranks = 1) const {
    return predicted_seconds(trial_cost(config), ranks);
  }

  /// Whether predictions rest on measurements.
  bool is_measured() const { return !measured_.empty(); }

 private:
  /// What was measured, beside what had been assumed: rank-seconds.
  struct Work {
    double assumed = 0;
    double measured = 0;

    double slowness() const { return measured / assumed; }
  };
  using WorkByRanks = std::map<int, Work>;

  void add(const TrialCost& cost, int ranks, const Work& work);
  const WorkByRanks* find(const std::string& key) const;
  double slowness(const TrialCost& cost, int ranks) const;

  std::map<std::string, WorkByRanks> measured_;  // by class, by family, and "" for all
};

}  // namespace headway
