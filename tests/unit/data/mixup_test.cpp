#include "data/augmentations/mixup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <numeric>

namespace headway {
namespace {

Mixing mixing_of(std::uint64_t epoch, double alpha, std::size_t count) {
  return draw_mixing(RandomStream(5, "mixup", epoch, 17), alpha, count);
}

std::vector<double> weights(double alpha, int draws) {
  std::vector<double> result;
  for (int i = 0; i < draws; ++i) {
    result.push_back(mixing_of(static_cast<std::uint64_t>(i), alpha, 1).weight);
  }
  std::ranges::sort(result);
  return result;
}

// The largest distance between the empirical distribution and `cdf`, times sqrt(n): above 2.2 with
// probability 1e-4 (Kolmogorov).
double kolmogorov_statistic(const std::vector<double>& sorted,
                            const std::function<double(double)>& cdf) {
  const auto n = static_cast<double>(sorted.size());
  double largest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double value = cdf(sorted[i]);
    const auto below = static_cast<double>(i);
    largest = std::max({largest, value - below / n, (below + 1) / n - value});
  }
  return largest * std::sqrt(n);
}

// Beta(alpha, alpha) where its distribution function is elementary.
TEST(Mixup, weights_follow_the_beta_distribution) {
  constexpr int kDraws = 4000;
  const auto arcsine = [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(x)); };
  EXPECT_LT(kolmogorov_statistic(weights(0.5, kDraws), arcsine), 2.2);
  EXPECT_LT(kolmogorov_statistic(weights(1, kDraws), [](double x) { return x; }), 2.2);
  EXPECT_LT(kolmogorov_statistic(weights(2, kDraws), [](double x) { return x * x * (3 - 2 * x); }),
            2.2);
}

// Variance of Beta(a, a): 1 / (4 (2a + 1)).
TEST(Mixup, weights_have_the_variance_of_the_beta_distribution_for_small_and_large_alpha) {
  for (const double alpha : {0.01, 0.2, 20.0}) {
    const std::vector<double> draws = weights(alpha, 4000);
    double variance = 0;
    for (const double weight : draws) {
      ASSERT_GE(weight, 0);
      ASSERT_LE(weight, 1);
      variance += (weight - 0.5) * (weight - 0.5) / static_cast<double>(draws.size());
    }
    EXPECT_NEAR(variance * 4 * (2 * alpha + 1), 1, 0.1) << alpha;
  }
}

TEST(Mixup, partners_are_a_permutation_and_all_equally_likely) {
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) ++counts[mixing_of(epoch, 1, 3).partners];
  ASSERT_EQ(counts.size(), 6U);
  double chi_square = 0;
  for (const auto& [partners, count] : counts) {
    std::vector<std::int64_t> sorted = partners;
    std::ranges::sort(sorted);
    EXPECT_EQ(sorted, (std::vector<std::int64_t>{0, 1, 2}));
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  }
  EXPECT_LT(chi_square, 25.7);  // 5 degrees of freedom, p = 1e-4
}

// Against the definition, on copies.
TEST(Mixup, mixes_images_in_place_as_if_they_were_all_read_first) {
  constexpr std::size_t kSize = 6;
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{9}}) {
    for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
      const Mixing mixing = mixing_of(epoch, 0.7, count);
      std::vector<float> images(count * kSize);
      std::iota(images.begin(), images.end(), 1.0F);
      const std::vector<float> before = images;
      mix_images(mixing, images);
      for (std::size_t i = 0; i < images.size(); ++i) {
        const auto partner = static_cast<std::size_t>(mixing.partners[i / kSize]);
        const double expected =
            mixing.weight * before[i] + (1 - mixing.weight) * before[partner * kSize + i % kSize];
        EXPECT_NEAR(images[i], expected, 1e-4);
      }
    }
  }
}

TEST(Mixup, an_image_that_is_its_own_partner_keeps_its_bits) {
  std::vector<float> images{0.1F, 0.7F, 1.3F, 2.9F};
  const std::vector<float> before = images;
  mix_images({.weight = 0.3, .partners = {0, 1}}, images);
  EXPECT_EQ(images, before);
}

}  // namespace
}  // namespace headway
