#include "data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/errors.h"

namespace headway {
namespace {

using testing::HasSubstr;

// Class c of 5 has 10, 21, 32, 43, 54 samples, scattered.
std::vector<std::int32_t> uneven_labels() {
  std::vector<std::int32_t> labels;
  std::array<int, 5> left = {10, 21, 32, 43, 54};
  for (std::size_t at = 0; labels.size() < 160; at = (at + 3) % 5) {
    if (left[at] > 0) {
      labels.push_back(static_cast<std::int32_t>(at));
      --left[at];
    }
  }
  return labels;
}

std::vector<int> class_counts(const std::vector<std::int32_t>& indices,
                              const std::vector<std::int32_t>& labels) {
  std::vector<int> counts(5);
  for (const std::int32_t index : indices) {
    ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(index)])];
  }
  return counts;
}

DatasetConfig config_with(double fraction, std::int64_t split_seed = 0) {
  DatasetConfig config;
  config.validation_fraction = fraction;
  config.split_seed = split_seed;
  return config;
}

const std::vector<std::int32_t> kLabels = uneven_labels();

TEST(Split, takes_the_rounded_fraction_of_each_class) {
  const Split split = make_split(kLabels, 5, config_with(.1));
  EXPECT_EQ(class_counts(split.validation, kLabels), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(class_counts(split.train, kLabels), (std::vector<int>{9, 19, 29, 39, 49}));
}

TEST(Split, takes_at_least_one_and_never_all_of_a_class) {
  EXPECT_EQ(class_counts(make_split(kLabels, 5, config_with(.001)).validation, kLabels),
            (std::vector<int>{1, 1, 1, 1, 1}));
  EXPECT_EQ(class_counts(make_split(kLabels, 5, config_with(.999)).train, kLabels),
            (std::vector<int>{1, 1, 1, 1, 1}));
}

TEST(Split, parts_are_sorted_disjoint_and_together_everything) {
  const Split split = make_split(kLabels, 5, config_with(.3));
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
  std::set<std::int32_t> all(split.train.begin(), split.train.end());
  all.insert(split.validation.begin(), split.validation.end());
  EXPECT_EQ(split.train.size() + split.validation.size(), kLabels.size());
  EXPECT_EQ(all.size(), kLabels.size());
}

TEST(Split, without_a_fraction_trains_on_everything) {
  const Split split = make_split(kLabels, 5, config_with(0));
  EXPECT_EQ(split.train.size(), kLabels.size());
  EXPECT_TRUE(split.validation.empty());
}

TEST(Split, depends_on_its_seed) {
  const Split one = make_split(kLabels, 5, config_with(.3, 1));
  EXPECT_EQ(one.validation, make_split(kLabels, 5, config_with(.3, 1)).validation);
  EXPECT_NE(one.validation, make_split(kLabels, 5, config_with(.3, 2)).validation);
}

// Dropping the other classes' samples must not change which ones of a class are taken.
TEST(Split, of_a_class_does_not_depend_on_the_other_classes) {
  std::vector<std::int32_t> of_class_2;
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    if (kLabels[i] == 2) of_class_2.push_back(static_cast<std::int32_t>(i));
  }
  const Split all = make_split(kLabels, 5, config_with(.3));
  std::vector<std::int32_t> padded = {0, 0, 1, 1};
  padded.insert(padded.end(), of_class_2.size(), 2);
  const Split alone = make_split(padded, 3, config_with(.3));
  std::vector<std::int32_t> expected, found;
  for (const std::int32_t index : alone.validation) {
    if (index >= 4) expected.push_back(of_class_2[static_cast<std::size_t>(index - 4)]);
  }
  for (const std::int32_t index : all.validation) {
    if (kLabels[static_cast<std::size_t>(index)] == 2) found.push_back(index);
  }
  EXPECT_EQ(found, expected);
}

// Over many seeds each sample of a class is taken equally often.
TEST(Split, takes_every_sample_with_the_same_probability) {
  constexpr int kSeeds = 2000;
  const std::vector<std::int32_t> labels(10, 0);
  std::vector<int> taken(10);
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (const std::int32_t index : make_split(labels, 1, config_with(.3, seed)).validation) {
      ++taken[static_cast<std::size_t>(index)];
    }
  }
  const double tolerance = 5 * std::sqrt(kSeeds * .3 * .7);
  for (const int count : taken) EXPECT_NEAR(count, kSeeds * .3, tolerance);
}

TEST(Split, cuts_to_samples_per_class_first) {
  DatasetConfig config = config_with(.2);
  config.samples_per_class = 10;
  const Split split = make_split(kLabels, 5, config);
  EXPECT_EQ(class_counts(split.validation, kLabels), (std::vector<int>{2, 2, 2, 2, 2}));
  EXPECT_EQ(class_counts(split.train, kLabels), (std::vector<int>{8, 8, 8, 8, 8}));
}

std::string refusal(const std::vector<std::int32_t>& labels,
                    std::int64_t classes,
                    const DatasetConfig& config) {
  try {
    make_split(labels, classes, config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Split, refuses_more_samples_per_class_than_there_are) {
  DatasetConfig config = config_with(.2);
  config.samples_per_class = 11;
  EXPECT_THAT(
      refusal(kLabels, 5, config),
      HasSubstr("dataset.samples_per_class: found 11, expected at most 10, all that class 0"));
  config.samples_per_class = 0;
  EXPECT_THAT(refusal(kLabels, 5, config), HasSubstr("found 0, expected at least 1"));
}

TEST(Split, refuses_to_empty_a_class) {
  EXPECT_THAT(refusal({0, 0, 1}, 2, config_with(.1)),
              HasSubstr("class 1 has 1 training samples, expected at least 2"));
  EXPECT_EQ(refusal({0, 0, 1}, 2, config_with(0)), "");
}

TEST(Split, refuses_a_fraction_outside_0_to_1) {
  for (const double fraction : {-.1, 1.0, 2.0, std::nan("")}) {
    EXPECT_THAT(refusal(kLabels, 5, config_with(fraction)),
                HasSubstr("dataset.validation_fraction: found"));
  }
}

TEST(EpochOrder, is_a_permutation) {
  std::vector<std::int32_t> train(1000);
  std::iota(train.begin(), train.end(), 17);
  std::vector<std::int32_t> order = epoch_order(train, 3, 4);
  EXPECT_NE(order, train);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, train);
}

TEST(EpochOrder, depends_on_seed_and_epoch_alone) {
  std::vector<std::int32_t> train(100);
  std::iota(train.begin(), train.end(), 0);
  const auto order = epoch_order(train, 3, 4);
  EXPECT_EQ(epoch_order(train, 3, 4), order);
  EXPECT_NE(epoch_order(train, 3, 5), order);
  EXPECT_NE(epoch_order(train, 4, 4), order);
}

// All 24 orders of four samples come equally often.
TEST(EpochOrder, is_uniform) {
  constexpr int kEpochs = 24000;
  const std::vector<std::int32_t> train = {0, 1, 2, 3};
  std::map<std::vector<std::int32_t>, int> counts;
  for (int epoch = 0; epoch < kEpochs; ++epoch) ++counts[epoch_order(train, 9, epoch)];
  EXPECT_EQ(counts.size(), 24U);
  double chi_square = 0;
  for (const auto& [order, count] : counts)
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_NEAR(chi_square, 23, 5 * std::sqrt(2 * 23.0));
}

TEST(EpochOrder, of_nothing_and_of_one_is_trivial) {
  EXPECT_TRUE(epoch_order({}, 0, 0).empty());
  const std::vector<std::int32_t> one = {5};
  EXPECT_EQ(epoch_order(one, 0, 0), one);
}

}  // namespace
}  // namespace headway
