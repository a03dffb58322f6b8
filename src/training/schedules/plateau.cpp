#include <cmath>
#include <limits>

#include "config/rules/cell.h"
#include "training/schedules/schedule.h"

namespace headway {
namespace {

/// Multiplied by `factor` when the validation metric has not improved by `threshold` (absolute) for
/// more than `patience` evaluations, as torch.optim's ReduceLROnPlateau.
class PlateauSchedule final : public Schedule {
 public:
  explicit PlateauSchedule(const Options& options)
      : factor_(options.number("factor")),
        patience_(options.integer("patience")),
        threshold_(options.number("threshold")),
        metric_(options.text("metric")),
        sign_(metric_ == "loss" ? -1 : 1) {}

  double factor(double) const override { return current_; }
  std::string watched_metric() const override { return metric_; }

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
  std::string metric_;
  double sign_;  // so that larger is better
  double current_ = 1;
  double best_ = -std::numeric_limits<double>::infinity();
  std::int64_t waited_ = 0;
};

void check_validation(Cell& cell) {
  if (cell.config().dataset.validation_fraction > 0) return;
  cell.refuse(
      "plateau_without_validation",
      "schedule.name",
      "plateau watches the validation split, which dataset.validation_fraction 0 leaves empty");
}

}  // namespace

template <>
ComponentSpec ScheduleComponent<Plateau>::spec() {
  return {.name = "plateau",
          .summary =
              "times factor when the validation metric has not improved for patience evaluations",
          .source = "arXiv 2011.08704; PyTorch's ReduceLROnPlateau",
          .options = {{.name = "factor",
                       .type = OptionType::kNumber,
                       .default_value = 0.2,
                       .summary = "what the learning rate is multiplied by",
                       .limits = {.minimum = 0,
                                  .maximum = 1,
                                  .exclude_minimum = true,
                                  .exclude_maximum = true}},
                      {.name = "patience",
                       .type = OptionType::kInteger,
                       .default_value = 3,
                       .summary = "evaluations without improvement that are let pass",
                       .limits = kCountOrNone},
                      {.name = "threshold",
                       .type = OptionType::kNumber,
                       .default_value = 1e-4,
                       .summary = "smallest change (absolute) that counts as an improvement",
                       .limits = kAtLeastZero},
                      {.name = "metric",
                       .type = OptionType::kText,
                       .default_value = "top1_accuracy",
                       .summary = "what is watched, on the validation split",
                       .limits = {.choices = {"top1_accuracy", "loss"}}}},
          .rule = check_validation};
}

template <>
std::unique_ptr<Schedule> ScheduleComponent<Plateau>::make(const ScheduleInputs& inputs) {
  return std::make_unique<PlateauSchedule>(inputs.config.options);
}

}  // namespace headway
