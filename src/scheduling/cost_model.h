#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/trial_config.h"

namespace headway {

/// What the scheduler needs to know of a trial.
struct TrialCost {
  double flops = 0;  // of the whole trial
  std::int64_t shards = 1;
  std::string speed_class;  // trials of one class run at one speed: same encoder, same precision
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

/// Predicts how long trials take from their operations and a speed. It starts from a constant that
/// is right within a small factor on today's CPU cores, and learns from finished trials, apart for
/// each speed class, since small layers run further below peak.
class CostModel {
 public:
  static constexpr double kDefaultFlopsPerSecond = 20e9;

  explicit CostModel(double flops_per_second_per_slot = kDefaultFlopsPerSecond)
      : default_speed_(flops_per_second_per_slot) {}

  /// A trial that took `duration_seconds` on `slots` ranks.
  void observe(const TrialCost& cost, double duration_seconds, int slots = 1);

  /// Seconds on a group of `slots` ranks, taken to scale perfectly.
  double predicted_seconds(const TrialCost& cost, int slots = 1) const;

  // For those who have no CostTable.
  void observe(const TrialConfig& config, double duration_seconds, int slots = 1) {
    observe(trial_cost(config), duration_seconds, slots);
  }
  double predicted_seconds(const TrialConfig& config, int slots = 1) const {
    return predicted_seconds(trial_cost(config), slots);
  }

  /// Whether predictions rest on measurements.
  bool is_measured() const { return all_.seconds > 0; }

 private:
  struct Work {
    double flops = 0;
    double seconds = 0;  // slots x wall time
  };
  double speed(const std::string& speed_class) const;

  double default_speed_;
  Work all_;
  std::map<std::string, Work> by_class_;
};

/// Wall time of the trials on `slots` equal slots, longest first: what the queue does.
double predicted_makespan_seconds(std::vector<double> trial_seconds, int slots);

}  // namespace headway
