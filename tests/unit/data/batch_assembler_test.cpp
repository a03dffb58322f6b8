#include "data/batch_assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "unit/data/crop_reference.h"

namespace headway {
namespace {

using testing::HasSubstr;

// Images whose every pixel differs from its neighbours, so that each window can be told from
// others.
struct TestImages {
  TestImages(std::int64_t count, std::int64_t height, std::int64_t width, std::int64_t channels) {
    const std::int64_t size = height * width * channels;
    for (std::int64_t i = 0; i < count * size; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(1 + (i * 37 + i / size * 11) % 251));
    }
    for (std::int64_t i = 0; i < count; ++i) labels.push_back(static_cast<std::int32_t>(i * 3 % 7));
    set = {.count = count,
           .height = height,
           .width = width,
           .channels = channels,
           .images = pixels,
           .labels = labels};
  }
  TestImages(const TestImages&) = delete;
  TestImages& operator=(const TestImages&) = delete;

  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  ImageSet set;
};

AugmentationConfig crop(std::int64_t padding) {
  return {.name = "crop", .options = Options(nlohmann::json{{"padding", padding}})};
}
AugmentationConfig flip(double probability) {
  return {.name = "flip", .options = Options(nlohmann::json{{"probability", probability}})};
}

AugmentationConfig mixup(double alpha) {
  return {.name = "mixup", .options = Options(nlohmann::json{{"alpha", alpha}})};
}

TrialConfig config_with(std::vector<AugmentationConfig> augmentation,
                        const std::string& normalization = "half") {
  TrialConfig config;
  config.dataset.normalization = normalization;
  config.augmentation = std::move(augmentation);
  return config;
}

std::vector<float> augmented(const ImageSet& set,
                             const TrialConfig& config,
                             const std::vector<std::int32_t>& indices,
                             std::int64_t epoch) {
  std::vector<float> out(indices.size() * static_cast<std::size_t>(set.image_bytes()), NAN);
  BatchAssembler(set, config).augmented(indices, epoch, out.data());
  return out;
}

std::vector<float> plain(const ImageSet& set,
                         const TrialConfig& config,
                         const std::vector<std::int32_t>& indices) {
  std::vector<float> out(indices.size() * static_cast<std::size_t>(set.image_bytes()), NAN);
  BatchAssembler(set, config).plain(indices, out.data());
  return out;
}

TEST(BatchAssembler, knows_every_augmentation_of_the_catalog) {
  const TestImages images(1, 4, 4, 1);
  TrialConfig config = config_with({});
  for (const ComponentSpec& spec : catalog(Family::kAugmentation)) {
    config.augmentation.push_back({spec.name, default_options(Family::kAugmentation, spec.name)});
  }
  EXPECT_EQ(augmented(images.set, config, {0}, 0).size(), 16U);
}

TEST(BatchAssembler, normalises_by_the_data_set_s_statistics) {
  const TestImages images(3, 4, 5, 1);
  TrialConfig config = config_with({}, "dataset");
  const DatasetDescription shape = describe_dataset(config.dataset);
  const auto out = plain(images.set, config, {2, 0});
  for (std::size_t i = 0; i < 20; ++i) {
    const double expected = (images.pixels[40 + i] / 255.0 - shape.mean[0]) / shape.std[0];
    EXPECT_FLOAT_EQ(out[i], static_cast<float>(expected));
  }
}

TEST(BatchAssembler, normalises_by_half_or_not_at_all) {
  const TestImages images(2, 4, 5, 3);
  EXPECT_EQ(plain(images.set, config_with({}, "half"), {1}),
            normalized_by_half(image_of(images.set, 1)));
  const auto out = plain(images.set, config_with({}, "none"), {1});
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_FLOAT_EQ(out[i], static_cast<float>(images.pixels[60 + i] / 255.0));
  }
}

TEST(BatchAssembler, gives_labels_in_the_order_of_the_indices) {
  const TestImages images(5, 2, 2, 1);
  std::vector<std::int64_t> out(3);
  BatchAssembler(images.set, config_with({}))
      .labels(std::vector<std::int32_t>{4, 0, 2}, out.data());
  EXPECT_EQ(out, (std::vector<std::int64_t>{images.labels[4], images.labels[0], images.labels[2]}));
}

TEST(BatchAssembler, without_augmentation_augments_nothing) {
  const TestImages images(4, 6, 5, 3);
  EXPECT_EQ(augmented(images.set, config_with({}), {3, 1}, 7),
            plain(images.set, config_with({}), {3, 1}));
}

class BatchAssemblerShapes : public testing::TestWithParam<std::array<std::int64_t, 3>> {};

TEST_P(BatchAssemblerShapes, crops_and_flips_like_the_reference) {
  const auto [height, width, channels] = GetParam();
  const TestImages images(40, height, width, channels);
  const std::int64_t padding = 2;
  int flips = 0;
  for (std::int32_t index = 0; index < 40; ++index) {
    const auto found = augmented(images.set, config_with({crop(padding), flip(.5)}), {index}, 3);
    const Image image = image_of(images.set, index);
    const auto straight = crop_behind(found, image, images.set, padding);
    const auto flipped = crop_behind(found, mirrored(image, images.set), images.set, padding);
    ASSERT_NE(straight.has_value(), flipped.has_value()) << index;
    flips += flipped.has_value();
  }
  EXPECT_NEAR(flips, 20, 5 * std::sqrt(10.0));
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         BatchAssemblerShapes,
                         testing::Values(std::array<std::int64_t, 3>{9, 9, 1},
                                         std::array<std::int64_t, 3>{8, 11, 3},
                                         std::array<std::int64_t, 3>{7, 6, 2}));

TEST(BatchAssembler, draws_all_offsets_of_a_crop_equally_often) {
  constexpr int kEpochs = 2500;
  const TestImages images(1, 5, 5, 1);
  std::map<std::pair<std::int64_t, std::int64_t>, int> counts;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    const auto found = augmented(images.set, config_with({crop(2)}), {0}, epoch);
    const auto offset = crop_behind(found, images.pixels, images.set, 2);
    ASSERT_TRUE(offset);
    ++counts[{offset->dy, offset->dx}];
  }
  ASSERT_EQ(counts.size(), 25U);
  double chi_square = 0;
  for (const auto& [offset, count] : counts) chi_square += (count - 100.0) * (count - 100.0) / 100;
  EXPECT_NEAR(chi_square, 24, 5 * std::sqrt(48.0));
}

// With the draws known from runs with a single step, the order of the two steps is visible.
TEST(BatchAssembler, keeps_the_order_of_its_steps) {
  const TestImages images(30, 8, 7, 3);
  const std::int64_t padding = 3;
  for (std::int32_t index = 0; index < 30; ++index) {
    const Image image = image_of(images.set, index);
    const auto offset = crop_behind(augmented(images.set, config_with({crop(padding)}), {index}, 1),
                                    image,
                                    images.set,
                                    padding);
    ASSERT_TRUE(offset);
    const auto [dy, dx] = *offset;
    EXPECT_EQ(
        augmented(images.set, config_with({crop(padding), flip(1)}), {index}, 1),
        normalized_by_half(mirrored(cropped(image, images.set, padding, dy, dx), images.set)));
    EXPECT_EQ(
        augmented(images.set, config_with({flip(1), crop(padding)}), {index}, 1),
        normalized_by_half(cropped(mirrored(image, images.set), images.set, padding, dy, dx)));
  }
}

TEST(BatchAssembler, pads_with_black_before_normalisation) {
  const TestImages images(1, 4, 4, 1);
  for (int epoch = 0; epoch < 50; ++epoch) {
    const auto found = augmented(images.set, config_with({crop(20)}), {0}, epoch);
    ASSERT_TRUE(crop_behind(found, images.pixels, images.set, 20)
                    .has_value());  // wider than the image: often wholly black
  }
  const auto far = augmented(images.set, config_with({crop(1000)}), {0}, 0);
  for (const float value : far) EXPECT_EQ(value, -1.0F);
}

TEST(BatchAssembler, gives_a_sample_the_same_bytes_at_any_place_of_any_batch) {
  const TestImages images(20, 9, 9, 3);
  const TrialConfig config = config_with({crop(2), flip(.5)});
  std::vector<std::int32_t> all(20);
  std::iota(all.begin(), all.end(), 0);
  const auto batch = augmented(images.set, config, all, 5);
  const auto size = static_cast<std::ptrdiff_t>(images.set.image_bytes());
  for (std::int32_t index = 0; index < 20; ++index) {
    const std::vector<float> in_batch(batch.begin() + index * size,
                                      batch.begin() + (index + 1) * size);
    EXPECT_EQ(augmented(images.set, config, {index}, 5), in_batch);
    const auto second = augmented(images.set, config, {19 - index, index}, 5);
    EXPECT_TRUE(std::equal(in_batch.begin(), in_batch.end(), second.begin() + size));
  }
}

TEST(BatchAssembler, mixes_a_shard_by_order_seed_epoch_and_first_sample) {
  const TestImages images(20, 4, 4, 1);
  TrialConfig config = config_with({mixup(1)});
  const std::vector<std::int32_t> shard = {3, 1, 4, 15, 9, 2, 6};
  const auto weight = [&](const std::vector<std::int32_t>& indices, std::int64_t epoch) {
    return BatchAssembler(images.set, config).mixing(indices, epoch).value().weight;
  };
  const double base = weight(shard, 5);
  EXPECT_EQ(weight(shard, 5), base);
  EXPECT_NE(weight(shard, 6), base);
  EXPECT_NE(weight({1, 3, 4, 15, 9, 2, 6}, 5), base);
  config.init_seed = 9;
  EXPECT_EQ(weight(shard, 5), base);
  config.order_seed = 9;
  EXPECT_NE(weight(shard, 5), base);
}

TEST(BatchAssembler, mixes_nothing_unless_asked) {
  const TestImages images(2, 4, 4, 1);
  const std::vector<std::int32_t> shard = {0, 1};
  EXPECT_FALSE(BatchAssembler(images.set, config_with({flip(.5)})).mixing(shard, 0));
  EXPECT_FALSE(BatchAssembler(images.set, config_with({mixup(1)})).mixing({}, 0));
}

TEST(BatchAssembler, augments_by_order_seed_and_epoch) {
  const TestImages images(20, 9, 9, 1);
  const std::vector<std::int32_t> indices = {0, 1, 2, 3, 4, 5, 6, 7};
  TrialConfig config = config_with({crop(2), flip(.5)});
  const auto base = augmented(images.set, config, indices, 5);
  EXPECT_NE(augmented(images.set, config, indices, 6), base);
  config.init_seed = 9;
  EXPECT_EQ(augmented(images.set, config, indices, 5), base);
  config.order_seed = 9;
  EXPECT_NE(augmented(images.set, config, indices, 5), base);
}

std::string refusal(const TrialConfig& config) {
  const TestImages images(1, 4, 4, 1);
  try {
    BatchAssembler(images.set, config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(BatchAssembler, refuses_a_step_that_stands_twice) {
  EXPECT_EQ(refusal(config_with({crop(2), flip(.5), crop(4)})),
            "augmentation: 'crop' stands twice, expected once");
}

TEST(BatchAssembler, refuses_unknown_names) {
  EXPECT_THAT(refusal(config_with({{.name = "flop", .options = {}}})),
              HasSubstr("augmentation: unknown name 'flop'; did you mean 'flip'?"));
  EXPECT_THAT(refusal(config_with({}, "hald")),
              HasSubstr("dataset.normalization: unknown value 'hald'; did you mean 'half'?"));
  EXPECT_THAT(refusal(config_with({crop(-1)})), HasSubstr("found -1, expected at least 0"));
}

TEST(BatchAssembler, refuses_samples_outside_the_data_set) {
  const TestImages images(2, 4, 4, 1);
  EXPECT_THROW(plain(images.set, config_with({}), {2}), std::logic_error);
  EXPECT_THROW(augmented(images.set, config_with({}), {-1}, 0), std::logic_error);
}

}  // namespace
}  // namespace headway
