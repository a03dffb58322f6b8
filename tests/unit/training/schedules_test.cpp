// Every schedule keeps the family's promises, whatever its options' defaults.
#include <gtest/gtest.h>

#include <cmath>

#include "training/schedules/schedule.h"

namespace headway {
namespace {

constexpr std::int64_t kEpochs = 10;
const std::vector<double> kResults{0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6, 0.1};

class EverySchedule : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Schedule> make() const {
    return schedules().at(GetParam())({config_, kEpochs, 0.1});
  }
  static std::vector<double> factors(const Schedule& schedule) {
    std::vector<double> result;
    for (int i = 0; i <= 4 * kEpochs; ++i) result.push_back(schedule.factor(i / 4.0));
    return result;
  }

 private:
  ScheduleConfig config_{.name = GetParam(),
                         .options = default_options(Family::kSchedule, GetParam())};
};

TEST_P(EverySchedule, stays_between_zero_and_the_peak) {
  const auto schedule = make();
  for (const double result : kResults) {
    for (const double factor : factors(*schedule)) {
      EXPECT_GE(factor, 0);
      EXPECT_LE(factor, 1);
    }
    schedule->observe(result);
  }
}

TEST_P(EverySchedule, depends_on_the_epoch_and_what_it_observed_alone) {
  const auto one = make();
  const auto other = make();
  for (const double result : kResults) {
    EXPECT_EQ(factors(*one), factors(*other));
    EXPECT_EQ(factors(*one), factors(*one));  // asking changes nothing
    one->observe(result);
    other->observe(result);
  }
}

TEST_P(EverySchedule, names_the_metric_that_it_follows) {
  const auto schedule = make();
  const std::string before = schedule->state().dump();
  schedule->observe(kResults[0]);
  EXPECT_EQ(schedule->state().dump() != before, !schedule->watched_metric().empty());
}

TEST_P(EverySchedule, goes_on_from_its_state_written_as_text) {
  const auto straight = make();
  auto resumed = make();
  for (const double result : kResults) {
    const std::string text = resumed->state().dump();
    resumed = make();
    resumed->restore(nlohmann::json::parse(text));
    EXPECT_EQ(factors(*resumed), factors(*straight));
    straight->observe(result);
    resumed->observe(result);
  }
  EXPECT_EQ(factors(*resumed), factors(*straight));
}

INSTANTIATE_TEST_SUITE_P(Names,
                         EverySchedule,
                         testing::ValuesIn(schedules().names()),
                         [](const auto& entry) { return entry.param; });

}  // namespace
}  // namespace headway
