#include "training/schedules/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace headway {
namespace {

class Constant final : public Schedule {
 public:
  double factor(double) const override { return 1; }
};

/// Multiplied by `factor` at each milestone (in epochs).
class Step final : public Schedule {
 public:
  explicit Step(const Options& options)
      : milestones_(options.numbers("milestones")), factor_(options.number("factor")) {}
  double factor(double epoch) const override {
    const auto passed = std::ranges::count_if(
        milestones_, [epoch](double milestone) { return epoch >= milestone; });
    return std::pow(factor_, static_cast<double>(passed));
  }

 private:
  std::vector<double> milestones_;
  double factor_;
};

/// final + (1 - final) * (1 + cos(pi * t)) / 2 with t from 0 after warm-up to 1 at the end, per
/// step (Loshchilov and Hutter, "SGDR", ICLR 2017, one period).
class Cosine final : public Schedule {
 public:
  explicit Cosine(const ScheduleInputs& inputs)
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

/// Multiplied by `factor` when the validation metric has not improved by `threshold` (absolute) for
/// more than `patience` evaluations, as torch.optim's ReduceLROnPlateau.
class Plateau final : public Schedule {
 public:
  explicit Plateau(const Options& options)
      : factor_(options.number("factor")),
        patience_(options.integer("patience")),
        threshold_(options.number("threshold")),
        sign_(options.text("metric") == "loss" ? -1 : 1) {}

  double factor(double) const override { return current_; }

  void observe(double value) override {
    if (sign_ * value > best_ + threshold_) {
      best_ = sign_ * value;
      waited_ = 0;
    } else if (++waited_ > patience_) {
      current_ *= factor_;
      waited_ = 0;
    }
  }

  nlohmann::json state() const override {
    // JSON has no infinity: "nothing seen yet" is the absent key.
    nlohmann::json json{{"factor", current_}, {"waited", waited_}};
    if (std::isfinite(best_)) json["best"] = best_;
    return json;
  }

  void restore(const nlohmann::json& json) override {
    current_ = json.at("factor");
    waited_ = json.at("waited");
    best_ = json.value("best", -std::numeric_limits<double>::infinity());
  }

 private:
  double factor_;
  std::int64_t patience_;
  double threshold_;
  double sign_;  // so that larger is better
  double current_ = 1;
  double best_ = -std::numeric_limits<double>::infinity();
  std::int64_t waited_ = 0;
};

std::unique_ptr<Schedule> make_constant(const ScheduleInputs&) {
  return std::make_unique<Constant>();
}
std::unique_ptr<Schedule> make_step(const ScheduleInputs& inputs) {
  return std::make_unique<Step>(inputs.config.options);
}
std::unique_ptr<Schedule> make_cosine(const ScheduleInputs& inputs) {
  return std::make_unique<Cosine>(inputs);
}
std::unique_ptr<Schedule> make_plateau(const ScheduleInputs& inputs) {
  return std::make_unique<Plateau>(inputs.config.options);
}

}  // namespace

const Registry<ScheduleFactory>& schedules() {
  static const Registry<ScheduleFactory> table{"schedule",
                                               {{"constant", make_constant},
                                                {"cosine", make_cosine},
                                                {"plateau", make_plateau},
                                                {"step", make_step}}};
  return table;
}

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
