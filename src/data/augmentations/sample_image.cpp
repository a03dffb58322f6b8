#include "data/augmentations/sample_image.h"

#include <algorithm>

namespace headway {
namespace {

PixelRectangle common(const PixelRectangle& a, const PixelRectangle& b) {
  return {std::max(a.top, b.top),
          std::max(a.left, b.left),
          std::min(a.bottom, b.bottom),
          std::min(a.right, b.right)};
}

}  // namespace

PixelRectangle SampleImage::shifted(const PixelRectangle& area,
                                    std::int64_t rows,
                                    std::int64_t columns) const {
  return common({area.top - rows, area.left - columns, area.bottom - rows, area.right - columns},
                frame());
}

PixelRectangle SampleImage::mirrored(const PixelRectangle& area) const {
  return {area.top, width_ - area.right, area.bottom, width_ - area.left};
}

void SampleImage::shift(std::int64_t rows, std::int64_t columns) {
  window_.row += rows;
  window_.column += window_.step * columns;
  window_.inside = shifted(window_.inside, rows, columns);
  for (PixelRectangle& area : erased_) area = shifted(area, rows, columns);
}

void SampleImage::mirror() {
  window_.column += window_.step * (width_ - 1);
  window_.step = -window_.step;
  window_.inside = mirrored(window_.inside);
  for (PixelRectangle& area : erased_) area = mirrored(area);
}

void SampleImage::erase(const PixelRectangle& area) {
  erased_.push_back(common(area, frame()));
}

std::span<std::uint8_t> SampleImage::pixels() {
  std::vector<std::uint8_t> seen(static_cast<std::size_t>(height_ * width_ * channels_));
  const PixelRectangle& inside = window_.inside;
  for (std::int64_t y = inside.top; y < inside.bottom; ++y) {
    for (std::int64_t x = inside.left; x < inside.right; ++x) {
      const std::int64_t column = window_.column + window_.step * x;
      std::copy_n(stored_ + ((window_.row + y) * width_ + column) * channels_,
                  channels_,
                  seen.begin() + (y * width_ + x) * channels_);
    }
  }
  own_.swap(seen);
  stored_ = own_.data();
  window_ = {.inside = frame()};
  return own_;
}

}  // namespace headway
