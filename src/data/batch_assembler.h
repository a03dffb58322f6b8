#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/schema/trial_config.h"
#include "data/augmentations/mixup.h"
#include "data/dataset.h"

namespace headway {

/// Turns uint8 images into normalised float batches, augmented where asked, in one pass per sample.
/// A sample's augmentation depends on (order seed, epoch, sample index) alone, never on its place
/// in a batch or on the rank.
class BatchAssembler {
 public:
  /// ConfigError for an unknown normalization or augmentation, or one that stands twice.
  BatchAssembler(const ImageSet& images, const TrialConfig& config);

  /// Writes [B, H, W, C] float32 (the memory of a channels_last [B, C, H, W] tensor) to `out`.
  void augmented(std::span<const std::int32_t> indices, std::int64_t epoch, float* out) const;
  /// How mixup, if it is among the augmentations, mixes the augmented images of one shard: depends
  /// on (order seed, epoch, first index) and the number of images.
  std::optional<Mixing> mixing(std::span<const std::int32_t> indices, std::int64_t epoch) const;
  void plain(std::span<const std::int32_t> indices, float* out) const;
  void labels(std::span<const std::int32_t> indices, std::int64_t* out) const;

 private:
  /// Which source pixel an output pixel takes: row y + `row`, column `column` + `step` * x. Pixels
  /// outside the image are black.
  struct Window {
    std::int64_t row = 0;
    std::int64_t column = 0;
    std::int64_t step = 1;  // -1 when flipped
  };

  Window draw_window(std::int64_t epoch, std::int32_t index) const;
  const std::uint8_t* image(std::int32_t index) const;

  ImageSet images_;
  std::uint64_t seed_;
  std::int64_t crop_padding_ = 0;
  double flip_probability_ = 0;
  bool flip_first_ = false;  // before the crop
  std::optional<double> mixup_alpha_;
  std::vector<float> lookup_;  // [C, 256]: (x / 255 - mean) / std
};

}  // namespace headway
