#include <fmt/format.h>

#include <algorithm>

#include "config/rules/cell.h"
#include "data/augmentations/augmentation.h"

namespace headway {
namespace {

void check_size(Cell& cell) {
  const ImageShape& image = cell.dataset().image;
  const std::int64_t size = augmentation_options(cell, "cutout").integer("size");
  if (size < std::max(image.height, image.width)) return;
  cell.refuse("cutout_may_erase_the_image",
              "augmentation",
              fmt::format("cutout of size {} may leave nothing of a {} x {} image",
                          size,
                          image.height,
                          image.width));
}

/// The square's centre is uniform over the pixels, so that squares at the border are cut off.
class CutoutStep final : public Augmentation {
 public:
  explicit CutoutStep(std::int64_t size) : size_(size) {}

  void apply(SampleImage& image, const SampleDraws& draws) const override {
    RandomStream stream = draws.stream("cutout");
    const auto row = stream.below(static_cast<std::uint64_t>(image.height()));
    const auto column = stream.below(static_cast<std::uint64_t>(image.width()));
    const std::int64_t top = static_cast<std::int64_t>(row) - size_ / 2;
    const std::int64_t left = static_cast<std::int64_t>(column) - size_ / 2;
    image.erase({top, left, top + size_, left + size_});
  }

 private:
  std::int64_t size_;
};

}  // namespace

template <>
ComponentSpec AugmentationComponent<Cutout>::spec() {
  return {.name = "cutout",
          .summary = "set a square at a uniformly random place to 0 in the normalised image",
          .source = "DeVries and Taylor, arXiv 1708.04552",
          .options = {{.name = "size",
                       .type = OptionType::kInteger,
                       .default_value = 8,
                       .summary = "pixels along a side; 16 is published for CIFAR-10, 8 for "
                                  "CIFAR-100",
                       .limits = kCount}},
          .rule = check_size};
}

template <>
std::unique_ptr<Augmentation> AugmentationComponent<Cutout>::make(const Options& options) {
  return std::make_unique<CutoutStep>(options.integer("size"));
}

}  // namespace headway
