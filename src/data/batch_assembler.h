#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "config/schema/trial_config.h"
#include "data/augmentations/augmentation.h"
#include "data/dataset.h"

namespace headway {

/// Turns uint8 images into normalised float batches, augmented where asked, in one pass per sample.
/// A sample's augmentation depends on (order seed, epoch, sample index) alone, never on its place
/// in a batch or on the rank.
class BatchAssembler {
 public:
  /// ConfigError for an unknown normalization or augmentation, or one that stands twice.
  BatchAssembler(const ImageSet& images, const TrialConfig& config);
  /// With these steps in place of the configuration's.
  BatchAssembler(const ImageSet& images,
                 const TrialConfig& config,
                 std::vector<std::unique_ptr<Augmentation>> steps);

  /// Writes [B, H, W, C] float32 (the memory of a channels_last [B, C, H, W] tensor) to `out`.
  void augmented(std::span<const std::int32_t> indices, std::int64_t epoch, float* out) const;
  /// How the first of the steps that does so mixes the augmented images of one shard: depends on
  /// (order seed, epoch, first index) and the number of images.
  std::optional<Mixing> mixing(std::span<const std::int32_t> indices, std::int64_t epoch) const;
  void plain(std::span<const std::int32_t> indices, float* out) const;
  void labels(std::span<const std::int32_t> indices, std::int64_t* out) const;

 private:
  void write(const SampleImage& image, float* out) const;
  SampleDraws draws(std::int64_t epoch, std::int32_t index) const;
  const std::uint8_t* image(std::int32_t index) const;

  ImageSet images_;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<Augmentation>> steps_;
  std::vector<float> lookup_;  // [C, 256]: (x / 255 - mean) / std
};

}  // namespace headway
