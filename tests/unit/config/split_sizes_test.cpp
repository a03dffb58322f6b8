#include "config/schema/split_sizes.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(SplitSizes, of_a_class_are_rounded_but_leave_something_on_both_sides) {
  EXPECT_EQ(held_out_samples(12, 0.25), 3);
  EXPECT_EQ(held_out_samples(10, 0.14), 1);
  EXPECT_EQ(held_out_samples(10, 0.15), 2);
  EXPECT_EQ(held_out_samples(10, 0.001), 1);
  EXPECT_EQ(held_out_samples(10, 0.999), 9);
  EXPECT_EQ(held_out_samples(2, 0.5), 1);
  EXPECT_EQ(held_out_samples(10, 0), 0);
}

TEST(SplitSizes, of_a_data_set_are_those_of_its_classes) {
  DatasetDescription dataset;
  dataset.classes = 20;
  dataset.train_count = 240;
  dataset.test_count = 50;
  DatasetConfig config;
  config.validation_fraction = 0.25;
  const SplitSizes sizes = split_sizes(config, dataset);
  EXPECT_EQ(sizes.train, 180);
  EXPECT_EQ(sizes.validation, 60);
  EXPECT_EQ(sizes.test, 50);
  config.validation_fraction = 0;
  EXPECT_EQ(split_sizes(config, dataset).train, 240);
  EXPECT_EQ(split_sizes(config, dataset).validation, 0);
}

}  // namespace
}  // namespace headway
