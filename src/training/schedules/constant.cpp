#include "training/schedules/schedule.h"

namespace headway {
namespace {

class ConstantSchedule final : public Schedule {
 public:
  double factor(double) const override { return 1; }
};

}  // namespace

template <>
ComponentSpec ScheduleComponent<Constant>::spec() {
  return {.name = "constant",
          .summary = "the same learning rate throughout (after warm-up)",
          .source = "-"};
}

template <>
std::unique_ptr<Schedule> ScheduleComponent<Constant>::make(const ScheduleInputs&) {
  return std::make_unique<ConstantSchedule>();
}

}  // namespace headway
