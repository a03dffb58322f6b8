#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "config/rules/cell.h"
#include "training/schedules/schedule.h"

namespace headway {
namespace {

/// Multiplied by `factor` at each milestone (in epochs).
class StepSchedule final : public Schedule {
 public:
  explicit StepSchedule(const Options& options)
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

void check_milestones(Cell& cell) {
  const std::vector<double> milestones = cell.config().schedule.options.numbers("milestones");
  const std::int64_t epochs = cell.config().training.epochs;
  if (!std::ranges::is_sorted(milestones, std::less_equal<>{})) {
    cell.refuse("milestones_out_of_order", "schedule.milestones", "milestones must rise");
  }
  if (epochs > 0 && !milestones.empty() && milestones.back() >= static_cast<double>(epochs)) {
    cell.flag("milestone_never_reached",
              "schedule.milestones",
              fmt::format("milestone {} is never reached in {} epochs", milestones.back(), epochs));
  }
}

}  // namespace

template <>
ComponentSpec ScheduleComponent<Step>::spec() {
  return {.name = "step",
          .summary = "times factor at every milestone",
          .source = "He et al., CVPR 2016; PyTorch's MultiStepLR",
          .options = {{.name = "milestones",
                       .type = OptionType::kNumberList,
                       .default_value = nlohmann::json::array(),
                       .summary = "epochs, counted from 0, at whose start the learning rate drops",
                       .limits = kAtLeastZero},
                      {.name = "factor",
                       .type = OptionType::kNumber,
                       .default_value = 0.1,
                       .summary = "what the learning rate is multiplied by",
                       .limits = kPositive}},
          .rule = check_milestones};
}

template <>
std::unique_ptr<Schedule> ScheduleComponent<Step>::make(const ScheduleInputs& inputs) {
  return std::make_unique<StepSchedule>(inputs.config.options);
}

}  // namespace headway
