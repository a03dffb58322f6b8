#pragma once

#include <cstdint>
#include <memory>

#include "config/schema/trial_config.h"
#include "training/schedules/schedule.h"

namespace headway {

/// Peak rate, warm-up and schedule together.
class LearningRate {
 public:
  LearningRate(const TrialConfig& config, std::int64_t steps_per_epoch);
  /// The rate of the step after `steps_done` steps.
  double at_step(std::int64_t steps_done) const;
  Schedule& schedule() { return *schedule_; }

 private:
  double peak_;
  double warmup_epochs_;
  double steps_per_epoch_;
  std::unique_ptr<Schedule> schedule_;
};

}  // namespace headway
