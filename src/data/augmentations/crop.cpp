#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "config/rules/cell.h"
#include "data/augmentations/augmentation.h"

namespace headway {
namespace {

void check_padding(Cell& cell) {
  const ImageShape& image = cell.dataset().image;
  const std::int64_t padding = augmentation_options(cell, "crop").integer("padding");
  if (padding < std::min(image.height, image.width)) return;
  cell.refuse("crop_may_miss_the_image",
              "augmentation",
              fmt::format("crop padding {} may leave nothing of a {} x {} image",
                          padding,
                          image.height,
                          image.width));
}

class CropStep final : public Augmentation {
 public:
  explicit CropStep(std::int64_t padding) : padding_(padding) {
    if (padding >= 0) return;
    throw ConfigError(fmt::format("augmentation.padding: found {}, expected at least 0", padding));
  }

  void apply(SampleImage& image, const SampleDraws& draws) const override {
    if (padding_ == 0) return;
    RandomStream stream = draws.stream("crop");
    const auto positions = static_cast<std::uint64_t>(2 * padding_ + 1);
    const auto row = static_cast<std::int64_t>(stream.below(positions));
    const auto column = static_cast<std::int64_t>(stream.below(positions));
    image.shift(row - padding_, column - padding_);
  }

 private:
  std::int64_t padding_;
};

}  // namespace

template <>
ComponentSpec AugmentationComponent<Crop>::spec() {
  return {.name = "crop",
          .summary = "pad with black, crop back to size at a uniformly random offset",
          .source = "He et al., CVPR 2016",
          .options = {{.name = "padding",
                       .type = OptionType::kInteger,
                       .default_value = 4,
                       .summary = "pixels added on every side",
                       .limits = kCountOrNone}},
          .rule = check_padding};
}

template <>
std::unique_ptr<Augmentation> AugmentationComponent<Crop>::make(const Options& options) {
  return std::make_unique<CropStep>(options.integer("padding"));
}

}  // namespace headway
