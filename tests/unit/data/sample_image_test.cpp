#include "data/augmentations/sample_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/data/crop_reference.h"

namespace headway {
namespace {

using testing::IsEmpty;

constexpr std::int64_t kHeight = 5;
constexpr std::int64_t kWidth = 7;
constexpr std::int64_t kChannels = 2;

Image numbered() {
  Image image(kHeight * kWidth * kChannels);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(i + 1);
  return image;
}

const ImageSet kShape{.count = 1,
                      .height = kHeight,
                      .width = kWidth,
                      .channels = kChannels,
                      .images = {},
                      .labels = {}};

/// What a viewer sees, by the definition of a window.
Image seen(const SampleImage& sample) {
  Image result;
  const PixelWindow& window = sample.window();
  for (std::int64_t y = 0; y < kHeight; ++y) {
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const bool inside = y >= window.inside.top && y < window.inside.bottom &&
                          x >= window.inside.left && x < window.inside.right;
      const std::int64_t pixel = (window.row + y) * kWidth + window.column + window.step * x;
      for (std::int64_t c = 0; c < kChannels; ++c) {
        result.push_back(inside ? sample.stored()[pixel * kChannels + c] : 0);
      }
    }
  }
  return result;
}

/// One step at a time on copies: shifted by padding with black and cropping.
Image shifted(const Image& image, std::int64_t rows, std::int64_t columns) {
  return cropped(image, kShape, 20, 20 + rows, 20 + columns);
}

TEST(SampleImage, any_order_of_moves_is_what_it_would_be_on_copies) {
  const Image stored = numbered();
  const std::int64_t rows[] = {1, -2, 0, 3};
  const std::int64_t columns[] = {-3, 2, 5, -1};
  for (int code = 0; code < 256; ++code) {  // four moves, each of four kinds
    SampleImage sample(stored.data(), kHeight, kWidth, kChannels);
    Image expected = stored;
    for (int move = 0; move < 4; ++move) {
      const int kind = code >> (2 * move) & 3;
      if (kind == 3) {
        sample.mirror();
        expected = mirrored(expected, kShape);
      } else {
        sample.shift(rows[kind], columns[move]);
        expected = shifted(expected, rows[kind], columns[move]);
      }
      ASSERT_EQ(seen(sample), expected) << code << " after move " << move;
    }
  }
}

TEST(SampleImage, what_was_moved_out_stays_out) {
  const Image stored = numbered();
  SampleImage sample(stored.data(), kHeight, kWidth, kChannels);
  sample.shift(100, 0);
  sample.mirror();
  sample.shift(-100, 0);
  EXPECT_THAT(seen(sample), testing::Each(0));
  EXPECT_THAT(sample.pixels(), testing::Each(0));
}

TEST(SampleImage, pixels_are_those_seen_and_moves_go_on_from_them) {
  const Image stored = numbered();
  SampleImage sample(stored.data(), kHeight, kWidth, kChannels);
  sample.shift(1, -2);
  sample.mirror();
  Image expected = mirrored(shifted(stored, 1, -2), kShape);
  for (int time = 0; time < 2; ++time) {
    const auto pixels = sample.pixels();
    ASSERT_EQ(Image(pixels.begin(), pixels.end()), expected);
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(pixel / 2 + 9);
    for (std::uint8_t& pixel : expected) pixel = static_cast<std::uint8_t>(pixel / 2 + 9);
    sample.mirror();
    sample.shift(-1, 1);
    expected = shifted(mirrored(expected, kShape), -1, 1);
    ASSERT_EQ(seen(sample), expected);
  }
  EXPECT_EQ(stored, numbered());
}

TEST(SampleImage, what_was_erased_moves_along_and_is_cut_off_at_the_border) {
  const Image stored = numbered();
  SampleImage sample(stored.data(), kHeight, kWidth, kChannels);
  EXPECT_THAT(sample.erased(), IsEmpty());
  sample.erase({-1, 4, 2, 9});
  const auto expect_area = [&](const PixelRectangle& expected) {
    const PixelRectangle& found = sample.erased()[0];
    EXPECT_EQ(std::tie(found.top, found.left, found.bottom, found.right),
              std::tie(expected.top, expected.left, expected.bottom, expected.right));
  };
  expect_area({0, 4, 2, 7});
  sample.mirror();
  expect_area({0, 0, 2, 3});
  sample.shift(-1, 1);
  expect_area({1, 0, 3, 2});
  sample.shift(4, 0);
  EXPECT_TRUE(sample.erased()[0].is_empty());
}

}  // namespace
}  // namespace headway
