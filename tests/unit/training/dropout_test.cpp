#include "training/step/dropout.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/philox.h"

namespace headway {
namespace {

at::Tensor factors(const Dropout& dropout,
                   const std::vector<std::int32_t>& samples,
                   std::int64_t features,
                   std::int64_t epoch = 0) {
  return dropout.factors(samples, features, epoch);
}

TEST(Dropout, zeroes_the_given_share_and_scales_the_others_up) {
  const std::vector<std::int32_t> samples{0, 1, 2, 3, 4, 5, 6, 7};
  const at::Tensor found = factors(Dropout(0.25, 1), samples, 5000);
  const double dropped = found.eq(0).sum().item<double>() / 40000;
  EXPECT_NEAR(dropped, 0.25, 5 * std::sqrt(0.25 * 0.75 / 40000));
  EXPECT_TRUE(found.eq(0).logical_or(found.eq(static_cast<float>(1 / 0.75))).all().item<bool>());
}

// What one entry sees is written out anew from the stream's definition.
TEST(Dropout, an_entry_depends_on_seed_epoch_sample_and_place_alone) {
  const at::Tensor found = factors(Dropout(0.5, 9), {40, 3}, 11, 6);
  for (std::int64_t row = 0; row < 2; ++row) {
    RandomStream stream(9, "dropout", 6, row == 0 ? 40 : 3);
    for (std::int64_t i = 0; i < 11; ++i) {
      const float expected = stream.next_uint32() < 0x80000000U ? 0 : 2;
      EXPECT_EQ(found[row][i].item<float>(), expected) << row << " " << i;
    }
  }
}

TEST(Dropout, a_sample_gets_the_same_mask_at_any_place_of_any_batch) {
  const Dropout dropout(0.5, 2);
  const at::Tensor batch = factors(dropout, {7, 8, 9}, 33);
  EXPECT_TRUE(factors(dropout, {9}, 33)[0].equal(batch[2]));
  EXPECT_FALSE(batch[0].equal(batch[1]));
  EXPECT_FALSE(factors(dropout, {7}, 33, 1)[0].equal(batch[0]));
  EXPECT_FALSE(factors(Dropout(0.5, 3), {7}, 33)[0].equal(batch[0]));
}

TEST(Dropout, gradients_pass_where_features_passed) {
  const at::Tensor features = at::ones({1, 40}).requires_grad_(true);
  const at::Tensor dropped = apply_dropout(features, factors(Dropout(0.5, 4), {5}, 40));
  dropped.sum().backward();
  EXPECT_TRUE(features.grad().equal(dropped.detach()));
}

TEST(Dropout, of_probability_zero_hands_features_on_untouched) {
  const at::Tensor features = at::ones({1, 4});
  EXPECT_TRUE(apply_dropout(features, factors(Dropout(0, 4), {5}, 4)).is_same(features));
}

}  // namespace
}  // namespace headway
