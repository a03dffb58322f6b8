#include <algorithm>
#include <cmath>
#include <numbers>

#include "training/schedules/schedule.h"

namespace headway {
namespace {

/// final + (1 - final) * (1 + cos(pi * t)) / 2 with t from 0 after warm-up to 1 at the end, per
/// step (Loshchilov and Hutter, "SGDR", ICLR 2017, one period).
class CosineSchedule final : public Schedule {
 public:
  explicit CosineSchedule(const ScheduleInputs& inputs)
      : start_(inputs.config.warmup_epochs),
        end_(static_cast<double>(inputs.epochs)),
        final_factor_(inputs.config.options.number("final_learning_rate") /
                      inputs.peak_learning_rate) {}
  double factor(double epoch) const override {
    const double length = std::max(end_ - start_, 1e-12);
    const double t = std::clamp((epoch - start_) / length, 0.0, 1.0);
    return final_factor_ + (1 - final_factor_) * 0.5 * (1 + std::cos(std::numbers::pi * t));
  }

 private:
  double start_;
  double end_;
  double final_factor_;
};

}  // namespace

template <>
ComponentSpec ScheduleComponent<Cosine>::spec() {
  return {.name = "cosine",
          .summary = "half a cosine wave from the peak to the final learning rate, per step",
          .source = "Loshchilov and Hutter, 'SGDR', ICLR 2017 (without restarts)",
          .options = {{.name = "final_learning_rate",
                       .type = OptionType::kNumber,
                       .default_value = 0.0,
                       .summary = "reached at the end of the last epoch",
                       .limits = kAtLeastZero}}};
}

template <>
std::unique_ptr<Schedule> ScheduleComponent<Cosine>::make(const ScheduleInputs& inputs) {
  return std::make_unique<CosineSchedule>(inputs);
}

}  // namespace headway
