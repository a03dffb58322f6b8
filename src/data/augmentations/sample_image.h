#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headway {

/// A rectangle of pixels: rows top .. bottom-1, columns left .. right-1. Empty when these are none.
struct PixelRectangle {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t bottom = 0;
  std::int64_t right = 0;

  bool is_empty() const { return top >= bottom || left >= right; }
};

/// Which stored pixel each pixel of an image is: row y + `row`, column `column` + `step` * x inside
/// of `inside`; outside of it pixels are black.
struct PixelWindow {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t step = 1;  // -1 when mirrored
  PixelRectangle inside;
};

/// One image on its way through the steps of augmentation, [H, W, C] uint8. Steps that only move it
/// change its window: however many there are, the pixels are read once. A step that changes pixels
/// takes them with pixels(), which costs a copy.
class SampleImage {
 public:
  /// `stored`, H W C bytes, must outlive this.
  SampleImage(const std::uint8_t* stored,
              std::int64_t height,
              std::int64_t width,
              std::int64_t channels)
      : stored_(stored), height_(height), width_(width), channels_(channels) {
    window_.inside = frame();
  }
  SampleImage(const SampleImage&) = delete;
  SampleImage& operator=(const SampleImage&) = delete;

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  std::int64_t channels() const { return channels_; }

  /// Pixel (y, x) becomes what was (y + rows, x + columns), or black.
  void shift(std::int64_t rows, std::int64_t columns);
  /// Left to right.
  void mirror();
  /// What lies in `area` is 0 once the image is normalised, the mean of the data set. Later steps
  /// move it like the rest of the image; what they do to pixels does not reach it.
  void erase(const PixelRectangle& area);
  /// The image as it is by now, [H, W, C], to be changed in place.
  std::span<std::uint8_t> pixels();

  // What the steps have made of it.
  const std::uint8_t* stored() const { return stored_; }
  const PixelWindow& window() const { return window_; }
  std::span<const PixelRectangle> erased() const { return erased_; }

 private:
  PixelRectangle frame() const { return {0, 0, height_, width_}; }
  PixelRectangle shifted(const PixelRectangle& area, std::int64_t rows, std::int64_t columns) const;
  PixelRectangle mirrored(const PixelRectangle& area) const;

  const std::uint8_t* stored_;
  std::int64_t height_;
  std::int64_t width_;
  std::int64_t channels_;
  PixelWindow window_;
  std::vector<PixelRectangle> erased_;
  std::vector<std::uint8_t> own_;  // the pixels that `stored_` points at after pixels()
};

}  // namespace headway
