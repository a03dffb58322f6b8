#include "training/epoch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/errors.h"
#include "training/final_results.h"

namespace headway {
namespace {

TrainingConfig batches_of(std::int64_t size, bool drop_last) {
  TrainingConfig config;
  config.batch_size = size;
  config.drop_last = drop_last;
  return config;
}

std::vector<std::int32_t> batch(std::int64_t step, const TrainingConfig& config) {
  const std::vector<std::int32_t> order{4, 0, 3, 1, 2, 6, 5};
  const auto samples = batch_of_step(order, step, config);
  return {samples.begin(), samples.end()};
}

using Samples = std::vector<std::int32_t>;

TEST(BatchOfStep, goes_through_the_order_and_ends_with_an_incomplete_batch_or_leaves_it_out) {
  for (const bool drop_last : {true, false}) {
    const TrainingConfig config = batches_of(3, drop_last);
    EXPECT_EQ(batch(0, config), (Samples{4, 0, 3}));
    EXPECT_EQ(batch(1, config), (Samples{1, 2, 6}));
    EXPECT_EQ(batch(2, config), drop_last ? Samples{} : Samples{5});
    EXPECT_EQ(batch(3, config), Samples{});
  }
}

TEST(BatchOfStep, agrees_with_the_number_of_steps) {
  for (const bool drop_last : {true, false}) {
    for (const std::int64_t size : {1, 2, 3, 6, 7}) {
      const TrainingConfig config = batches_of(size, drop_last);
      const std::int64_t steps = steps_per_epoch(7, config);
      EXPECT_FALSE(batch(steps - 1, config).empty()) << size;
      EXPECT_TRUE(batch(steps, config).empty()) << size;
    }
  }
}

TEST(StepsPerEpoch, refuses_an_epoch_without_a_step) {
  EXPECT_THROW(steps_per_epoch(7, batches_of(8, true)), ConfigError);
  EXPECT_EQ(steps_per_epoch(7, batches_of(8, false)), 1);
}

TEST(TrainMetrics, the_speed_of_an_epoch_whose_steps_an_earlier_attempt_did_is_missing) {
  TrainSums sums;
  sums.samples = 4;
  sums.loss = 2;
  for (const double images_per_second : {0.0, 250.0}) {
    for (const Metric& metric : train_metrics(sums, 0.1, images_per_second, 10)) {
      if (metric.name != "images_per_second") continue;
      const bool is_known = images_per_second > 0;
      EXPECT_EQ(metric.missing_reason.empty(), is_known);
      EXPECT_EQ(std::isfinite(metric.value), is_known);
    }
  }
}

}  // namespace
}  // namespace headway
