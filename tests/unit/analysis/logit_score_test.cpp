#include "analysis/accumulators/logit_score.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace headway {
namespace {

TEST(LogitScore, cross_entropy_is_the_negative_log_softmax_of_the_label) {
  const std::array logits{1.0, 3.0, 2.0};
  const double sum = std::exp(1.0) + std::exp(3.0) + std::exp(2.0);
  EXPECT_NEAR(score_logits(logits, 2).cross_entropy, -std::log(std::exp(2.0) / sum), 1e-14);
}

TEST(LogitScore, large_logits_do_not_overflow) {
  const std::array logits{1000.0, 0.0};
  EXPECT_EQ(score_logits(logits, 0).cross_entropy, 0);
  EXPECT_EQ(score_logits(logits, 1).cross_entropy, 1000);
}

TEST(LogitScore, ties_go_to_the_lowest_class) {
  const std::array logits{0.0, 2.0, 2.0, 2.0};
  EXPECT_EQ(score_logits(logits, 0).predicted, 1);
  EXPECT_EQ(score_logits(logits, 1).rank, 0);
  EXPECT_EQ(score_logits(logits, 2).rank, 1);
  EXPECT_EQ(score_logits(logits, 3).rank, 2);
  EXPECT_EQ(score_logits(logits, 0).rank, 3);
}

TEST(LogitScore, margin_is_to_the_largest_other_logit) {
  const std::array logits{1.0, 4.0, 2.5};
  EXPECT_EQ(score_logits(logits, 1).margin, 1.5);
  EXPECT_EQ(score_logits(logits, 0).margin, -3);
}

TEST(LogitScore, nan_and_infinite_logits_are_not_finite) {
  const std::array with_nan{0.0, std::numeric_limits<double>::quiet_NaN()};
  const std::array with_infinity{std::numeric_limits<double>::infinity(), 0.0};
  EXPECT_FALSE(score_logits(with_nan, 0).finite);
  EXPECT_FALSE(score_logits(with_infinity, 0).finite);
  EXPECT_TRUE(score_logits(std::array{0.0, 1.0}, 0).finite);
}

}  // namespace
}  // namespace headway
