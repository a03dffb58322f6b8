#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/registry.h"
#include "config/schema/trial_config.h"

namespace headway {

/// The course of the learning rate as a factor on its peak. Warm-up is applied outside.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// `epoch`: epochs done so far, with the fraction of the running one; after warm-up and before
  /// the last of `epochs`.
  virtual double factor(double epoch) const = 0;
  /// A validation result after an epoch; only plateau schedules look at it.
  virtual void observe(double) {}
  virtual nlohmann::json state() const { return nlohmann::json::object(); }
  virtual void restore(const nlohmann::json&) {}
};

struct ScheduleInputs {
  const ScheduleConfig& config;
  std::int64_t epochs;
  double peak_learning_rate;
};
using ScheduleFactory = std::unique_ptr<Schedule>(const ScheduleInputs&);
const Registry<ScheduleFactory>& schedules();

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
