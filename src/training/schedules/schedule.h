#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/component_list.h"
#include "base/registry.h"
#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"

namespace headway {

/// The course of the learning rate as a factor on its peak. Warm-up is applied outside.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// `epoch`: epochs done so far, with the fraction of the running one; after warm-up and before
  /// the last of `epochs`.
  virtual double factor(double epoch) const = 0;
  /// The metric on the validation images that it is to be told after each evaluation ("loss"); ""
  /// for none.
  virtual std::string watched_metric() const { return ""; }
  /// The value of watched_metric().
  virtual void observe(double) {}
  /// What observe() has left behind, for checkpoints.
  virtual nlohmann::json state() const { return nlohmann::json::object(); }
  virtual void restore(const nlohmann::json&) {}
};

struct ScheduleInputs {
  const ScheduleConfig& config;
  std::int64_t epochs;
  double peak_learning_rate;
};

/// One schedule: what it says about itself and how it is made, both specialised for its tag in a
/// file of its own.
template <typename Name>
struct ScheduleComponent {
  static ComponentSpec spec();
  static std::unique_ptr<Schedule> make(const ScheduleInputs& inputs);
};

/// To add a schedule: write schedules/<name>.cpp, then name it here.
using Schedules = ComponentList<class Constant, class Cosine, class Plateau, class Step>;

using ScheduleFactory = std::unique_ptr<Schedule>(const ScheduleInputs&);
const Registry<ScheduleFactory>& schedules();

}  // namespace headway
