#include <fmt/format.h>

#include <algorithm>

#include "config/rules/cell.h"
#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

const AugmentationConfig& augmentation(const Cell& cell, const std::string& name) {
  return *std::ranges::find(cell.config().augmentation, name, &AugmentationConfig::name);
}

void check_mixup(Cell& cell) {
  const TrainingConfig& training = cell.config().training;
  if (training.batch_size != training.shards) return;
  cell.flag("mixup_without_partners",
            "augmentation",
            fmt::format("mixup mixes within a shard, and a batch of {} in {} shards leaves one "
                        "image each",
                        training.batch_size,
                        training.shards));
}

void check_crop(Cell& cell) {
  const ImageShape& image = cell.dataset().image;
  const std::int64_t padding = augmentation(cell, "crop").options.integer("padding");
  if (padding < std::min(image.height, image.width)) return;
  cell.refuse("crop_may_miss_the_image",
              "augmentation",
              fmt::format("crop padding {} may leave nothing of a {} x {} image",
                          padding,
                          image.height,
                          image.width));
}

ComponentSpec mixup_augmentation() {
  return {
      .name = "mixup",
      .summary =
          "mix the images of a shard, and their losses, in pairs with weights lambda and 1 - "
          "lambda, "
          "after all other steps",
      .source = "Zhang et al., 'mixup', ICLR 2018",
      .options = {{.name = "alpha",
                   .type = OptionType::kNumber,
                   .default_value = 0.2,
                   .summary = "lambda is drawn from Beta(alpha, alpha), once per shard of a batch",
                   .limits = kPositive}},
      .rule = check_mixup};
}

}  // namespace

std::vector<ComponentSpec> augmentation_table() {
  return {
      {.name = "crop",
       .summary = "pad with black, crop back to size at a uniformly random offset",
       .source = "He et al., CVPR 2016",
       .options = {{.name = "padding",
                    .type = OptionType::kInteger,
                    .default_value = 4,
                    .summary = "pixels added on every side",
                    .limits = kAtLeastZero}},
       .rule = check_crop},
      {.name = "flip",
       .summary = "mirror left to right",
       .source = "He et al., CVPR 2016",
       .options = {{.name = "probability",
                    .type = OptionType::kNumber,
                    .default_value = 0.5,
                    .summary = "of mirroring an image",
                    .limits = {.minimum = 0, .maximum = 1}}}},
      mixup_augmentation(),
  };
}

}  // namespace headway
