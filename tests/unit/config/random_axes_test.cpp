#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "config/sweep/axes.h"
#include "config/yaml/scalars.h"
#include "config/yaml/yaml_reader.h"

namespace headway {
namespace {

class RandomAxis : public testing::Test {
 protected:
  std::vector<double> draw(const std::string& spec,
                           std::int64_t n,
                           std::int64_t seed = 0,
                           const std::string& key = "training.epochs") {
    Problems problems;
    const LocatedValue::Entry entry{key, {}, parse_yaml(spec, source_, problems)};
    std::vector<double> numbers;
    for (const LocatedValue& value : random_values(entry, n, seed, problems)) {
      numbers.push_back(parse_number(value.text).value());
    }
    EXPECT_TRUE(problems.empty());
    return numbers;
  }

  const std::string source_ = "f";
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST_F(RandomAxis, more_draws_keep_the_earlier_ones) {
  const std::vector<double> few = draw("{uniform: [0, 1]}", 5);
  std::vector<double> many = draw("{uniform: [0, 1]}", 50);
  many.resize(5);
  EXPECT_EQ(few, many);
}

TEST_F(RandomAxis, seed_and_key_name_the_draw) {
  EXPECT_EQ(draw("{uniform: [0, 1]}", 5, 1), draw("{uniform: [0, 1]}", 5, 1));
  EXPECT_NE(draw("{uniform: [0, 1]}", 5, 1), draw("{uniform: [0, 1]}", 5, 2));
  EXPECT_NE(draw("{uniform: [0, 1]}", 5), draw("{uniform: [0, 1]}", 5, 0, "optimizer.momentum"));
}

TEST_F(RandomAxis, uniform_fills_its_range_evenly) {
  const std::vector<double> values = draw("{uniform: [-2, 6]}", 20000);
  EXPECT_GE(*std::ranges::min_element(values), -2);
  EXPECT_LE(*std::ranges::max_element(values), 6);
  // Standard error of the mean: 8 / sqrt(12 * 20000) = 0.0163; five of them.
  EXPECT_NEAR(mean(values), 2, 0.082);
}

TEST_F(RandomAxis, log_uniform_is_uniform_in_the_logarithm) {
  std::vector<double> values = draw("{log_uniform: [0.001, 1]}", 20000);
  EXPECT_GE(*std::ranges::min_element(values), 0.001);
  EXPECT_LE(*std::ranges::max_element(values), 1);
  for (double& value : values) value = std::log10(value);
  EXPECT_NEAR(mean(values), -1.5, 5 * 3 / std::sqrt(12.0 * 20000));
}

TEST_F(RandomAxis, reals_have_six_digits) {
  for (const double value : draw("{log_uniform: [0.001, 1]}", 200)) {
    const double digits = value / std::pow(10, std::floor(std::log10(value)) - 5);
    EXPECT_NEAR(digits, std::round(digits), 1e-6);
  }
}

TEST_F(RandomAxis, ends_that_are_too_far_apart_to_draw_between_are_refused) {
  for (const char* key : {"{integer: [-9223372036854775808, 9223372036854775807]}",
                          "{integer: [0, 9007199254740993]}",
                          "{uniform: [-1.7e308, 1.7e308]}"}) {
    Problems problems;
    const LocatedValue::Entry entry{"training.epochs", {}, parse_yaml(key, source_, problems)};
    EXPECT_TRUE(random_values(entry, 1, 0, problems).empty()) << key;
    EXPECT_EQ(problems.size(), 1) << key;
  }
}

TEST_F(RandomAxis, integers_include_both_ends_evenly) {
  std::array<int, 3> counts{};
  for (const double value : draw("{integer: [-1, 1]}", 30000)) {
    ++counts.at(static_cast<std::size_t>(value + 1));
  }
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(30000 * 2.0 / 9));
}

TEST_F(RandomAxis, choices_come_up_evenly) {
  int fives = 0;
  for (const double value : draw("{choice: [5, 7]}", 10000)) fives += value == 5 ? 1 : 0;
  EXPECT_NEAR(fives, 5000, 5 * 50);
}

}  // namespace
}  // namespace headway
