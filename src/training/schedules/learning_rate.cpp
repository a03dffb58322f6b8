#include "training/schedules/learning_rate.h"

#include <algorithm>

namespace headway {

LearningRate::LearningRate(const TrialConfig& config, std::int64_t steps_per_epoch)
    : peak_(config.optimizer.learning_rate),
      warmup_epochs_(config.schedule.warmup_epochs),
      steps_per_epoch_(static_cast<double>(std::max<std::int64_t>(steps_per_epoch, 1))),
      schedule_(schedules().at(config.schedule.name)(
          {config.schedule, config.training.epochs, config.optimizer.learning_rate})) {}

double LearningRate::at_step(std::int64_t steps_done) const {
  const double steps = static_cast<double>(steps_done);
  const double warmup_steps = warmup_epochs_ * steps_per_epoch_;
  if (steps < warmup_steps) return peak_ * std::min(1.0, (steps + 1) / warmup_steps);
  return peak_ * schedule_->factor(steps / steps_per_epoch_);
}

}  // namespace headway
