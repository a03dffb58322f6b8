#include "runner/worker/epoch_line.h"

#include <gtest/gtest.h>

#include <limits>

namespace headway {
namespace {

TEST(EpochLine, tells_loss_accuracy_and_speed_of_each_split) {
  const EpochRecord record{3,
                           12,
                           {{"train", {{"loss", 1.23456}, {"images_per_second", 99.6}}},
                            {"test", {{"loss", 0.5}, {"top1_accuracy", 0.9}, {"other", 1}}}}};
  EXPECT_EQ(epoch_line(record, 10),
            "epoch 3/10  test loss 0.5000 top1 0.9000  train loss 1.2346 100 images/s");
}

TEST(EpochLine, has_the_digits_of_a_small_loss) {
  EXPECT_EQ(epoch_line({1, 1, {{"train", {{"loss", 1e-5}}}}}, 1), "epoch 1/1  train loss 1.00e-05");
  EXPECT_EQ(epoch_line({1, 1, {{"train", {{"loss", 0.00123456}}}}}, 1),
            "epoch 1/1  train loss 0.00123");
}

TEST(EpochLine, leaves_out_what_is_not_defined) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(epoch_line({1, 1, {{"train", {{"loss", nan}}}}}, 1), "epoch 1/1  train");
}

}  // namespace
}  // namespace headway
