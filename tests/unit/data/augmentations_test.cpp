// Every augmentation keeps the family's promises; steps of all kinds go together.
#include "data/augmentations/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/errors.h"
#include "data/batch_assembler.h"
#include "unit/data/crop_reference.h"

namespace headway {
namespace {

using testing::Each;

constexpr std::int64_t kSide = 12;
constexpr std::int64_t kImages = 30;

/// Pixels that differ from their neighbours and are neither black nor at the mean of `half`.
const ImageSet& images() {
  static const std::vector<std::uint8_t> pixels = [] {
    std::vector<std::uint8_t> values;
    for (int i = 0; i < kImages * kSide * kSide * 3; ++i) {
      values.push_back(static_cast<std::uint8_t>(1 + i * 37 % 100));
    }
    return values;
  }();
  static const std::vector<std::int32_t> labels(kImages, 0);
  static const ImageSet set{.count = kImages,
                            .height = kSide,
                            .width = kSide,
                            .channels = 3,
                            .images = pixels,
                            .labels = labels};
  return set;
}

AugmentationConfig step(const std::string& name, const nlohmann::json& options = {}) {
  AugmentationConfig config{name, default_options(Family::kAugmentation, name)};
  config.options.values().update(options.is_null() ? nlohmann::json::object() : options);
  return config;
}

TrialConfig config_with(std::vector<AugmentationConfig> steps) {
  TrialConfig config;
  config.dataset.normalization = "half";
  config.augmentation = std::move(steps);
  return config;
}

std::vector<float> batch(const BatchAssembler& assembler,
                         const std::vector<std::int32_t>& indices) {
  std::vector<float> out(indices.size() * kSide * kSide * 3, NAN);
  assembler.augmented(indices, 3, out.data());
  if (const auto mixing = assembler.mixing(indices, 3)) mix_images(*mixing, out);
  return out;
}

std::vector<float> batch(const TrialConfig& config, const std::vector<std::int32_t>& indices) {
  return batch(BatchAssembler(images(), config), indices);
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const ComponentSpec& spec : catalog(Family::kAugmentation)) names.push_back(spec.name);
  return names;
}

class EveryAugmentation : public testing::TestWithParam<std::string> {
 protected:
  TrialConfig config_ = config_with({step(GetParam())});
  std::vector<std::int32_t> indices_ = {4, 9, 1, 22, 7, 3, 16, 28};
};

TEST_P(EveryAugmentation, changes_images_by_order_seed_and_epoch_alone) {
  const auto base = batch(config_, indices_);
  EXPECT_EQ(batch(config_, indices_), base);
  EXPECT_NE(batch(config_with({}), indices_), base);
  config_.init_seed = 9;
  EXPECT_EQ(batch(config_, indices_), base);
  config_.order_seed = 9;
  EXPECT_NE(batch(config_, indices_), base);
}

TEST_P(EveryAugmentation, fills_every_pixel_with_a_finite_value) {
  for (const float value : batch(config_, indices_)) ASSERT_TRUE(std::isfinite(value));
}

// Each shard alone; a step that mixes a shard may not look beyond it.
TEST_P(EveryAugmentation, changes_a_sample_alike_at_any_place_unless_it_mixes) {
  const BatchAssembler assembler(images(), config_);
  if (assembler.mixing(indices_, 3)) GTEST_SKIP() << "mixes";
  const auto together = batch(assembler, indices_);
  std::vector<float> alone;
  for (const std::int32_t index : indices_) {
    const auto one = batch(assembler, {index});
    alone.insert(alone.end(), one.begin(), one.end());
  }
  EXPECT_EQ(together, alone);
}

TEST_P(EveryAugmentation, mixes_by_a_share_and_a_permutation_or_not_at_all) {
  const auto mixing = BatchAssembler(images(), config_).mixing(indices_, 3);
  if (!mixing) return;
  EXPECT_TRUE(mixing->weight >= 0 && mixing->weight <= 1);
  std::vector<std::int64_t> places(indices_.size());
  std::iota(places.begin(), places.end(), 0);
  EXPECT_THAT(mixing->partners, testing::UnorderedElementsAreArray(places));
}

TEST_P(EveryAugmentation, stands_once_in_a_list) {
  config_.augmentation.push_back(config_.augmentation.front());
  EXPECT_THROW(BatchAssembler(images(), config_), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(OfTheCatalog,
                         EveryAugmentation,
                         testing::ValuesIn(names()),
                         [](const auto& entry) { return entry.param; });

/// The pixels of one sample that are exactly 0, which no pixel is before.
std::vector<bool> erased(const std::vector<float>& values) {
  std::vector<bool> result;
  for (std::size_t i = 0; i < values.size(); i += 3) {
    const bool zero = values[i] == 0;
    EXPECT_EQ(values[i + 1] == 0, zero);
    EXPECT_EQ(values[i + 2] == 0, zero);
    result.push_back(zero);
  }
  return result;
}

// Along each axis the square shows size .. (size / 2) pixels, as it is cut off.
TEST(Cutout, erases_one_square_and_leaves_the_rest) {
  const auto plain = batch(config_with({}), {5});
  for (std::int64_t seed = 0; seed < 200; ++seed) {
    TrialConfig config = config_with({step("cutout", {{"size", 5}})});
    config.order_seed = seed;
    const auto found = batch(config, {5});
    const std::vector<bool> zero = erased(found);
    std::int64_t top = kSide, bottom = 0, left = kSide, right = 0, count = 0;
    for (std::int64_t i = 0; i < kSide * kSide; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (!zero[at]) {
        EXPECT_EQ(found[3 * at], plain[3 * at]);
        continue;
      }
      ++count;
      top = std::min(top, i / kSide);
      bottom = std::max(bottom, i / kSide + 1);
      left = std::min(left, i % kSide);
      right = std::max(right, i % kSide + 1);
    }
    EXPECT_EQ(count, (bottom - top) * (right - left));
    EXPECT_TRUE(bottom - top >= 3 && bottom - top <= 5) << seed;
    EXPECT_TRUE(bottom - top == 5 || top == 0 || bottom == kSide) << seed;
    EXPECT_TRUE(right - left == 5 || left == 0 || right == kSide) << seed;
  }
}

// All centres are equally likely: the corner's own pixel is erased with probability (3 / 12)^2 by a
// square of 5, one in the middle with (5 / 12)^2.
TEST(Cutout, erases_each_pixel_as_often_as_its_centre_is_uniform) {
  constexpr int kDraws = 4000;
  int corner = 0, middle = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    TrialConfig config = config_with({step("cutout", {{"size", 5}})});
    config.order_seed = seed;
    const std::vector<bool> zero = erased(batch(config, {5}));
    corner += zero[0];
    middle += zero[kSide * kSide / 2 + kSide / 2];
  }
  const auto expect_share = [](int count, double share) {
    EXPECT_NEAR(count, kDraws * share, 5 * std::sqrt(kDraws * share * (1 - share)));
  };
  expect_share(corner, 9.0 / 144);
  expect_share(middle, 25.0 / 144);
}

// The square is drawn on the image as it is then: what is flipped afterwards is flipped with it.
TEST(Cutout, is_moved_by_the_steps_after_it) {
  const AugmentationConfig flip = step("flip", {{"probability", 1}});
  const AugmentationConfig cutout = step("cutout", {{"size", 4}});
  const auto mirrored_rows = [](std::vector<bool> rows) {
    for (auto row = rows.begin(); row != rows.end(); row += kSide) std::reverse(row, row + kSide);
    return rows;
  };
  for (std::int32_t index = 0; index < 20; ++index) {
    const auto alone = erased(batch(config_with({cutout}), {index}));
    EXPECT_EQ(erased(batch(config_with({flip, cutout}), {index})), alone);
    EXPECT_EQ(erased(batch(config_with({cutout, flip}), {index})), mirrored_rows(alone));
  }
}

/// A step as another project might add it: all channels of an image grow brighter by the same.
class BrighterStep final : public Augmentation {
 public:
  void apply(SampleImage& image, const SampleDraws& draws) const override {
    const std::uint64_t levels = 1 + draws.stream("brighter").below(50);
    for (std::uint8_t& value : image.pixels()) value = static_cast<std::uint8_t>(value + levels);
  }
};

std::vector<float> with_brighter(std::vector<AugmentationConfig> before,
                                 std::vector<AugmentationConfig> after,
                                 std::int32_t index) {
  auto steps = make_augmentations(before);
  steps.push_back(std::make_unique<BrighterStep>());
  for (auto& made : make_augmentations(after)) steps.push_back(std::move(made));
  return batch(BatchAssembler(images(), config_with({}), std::move(steps)), {index});
}

Image brighter(Image image, std::int32_t index) {
  const std::uint64_t levels =
      1 + SampleDraws{0, 3, static_cast<std::uint32_t>(index)}.stream("brighter").below(50);
  for (std::uint8_t& value : image) value = static_cast<std::uint8_t>(value + levels);
  return image;
}

// Black that a crop brings in is brighter afterwards, and black when the crop comes last.
TEST(Augmentation, that_changes_pixels_keeps_its_place_among_the_others) {
  const AugmentationConfig crop = step("crop", {{"padding", 3}});
  const AugmentationConfig flip = step("flip", {{"probability", 1}});
  for (std::int32_t index = 0; index < 20; ++index) {
    const Image image = image_of(images(), index);
    EXPECT_EQ(with_brighter({}, {}, index), normalized_by_half(brighter(image, index)));
    const auto offset = crop_behind(batch(config_with({crop}), {index}), image, images(), 3);
    ASSERT_TRUE(offset);
    const auto cut = [&](const Image& from) {
      return cropped(from, images(), 3, offset->dy, offset->dx);
    };
    EXPECT_EQ(with_brighter({crop}, {flip}, index),
              normalized_by_half(mirrored(brighter(cut(image), index), images())));
    EXPECT_EQ(with_brighter({flip}, {crop}, index),
              normalized_by_half(cut(brighter(mirrored(image, images()), index))));
  }
}

}  // namespace
}  // namespace headway
