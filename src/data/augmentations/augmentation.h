#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/component_list.h"
#include "base/philox.h"
#include "config/schema/catalog.h"
#include "data/augmentations/mixing.h"
#include "data/augmentations/sample_image.h"

namespace headway {

/// The steps of augmentation. To add one: write augmentations/<name>.cpp, then name it here.
using Augmentations = ComponentList<class Crop, class Cutout, class Flip, class Mixup>;

/// Where a step's random numbers come from: they depend on order seed, epoch and sample alone, so
/// that a sample looks the same at any place of a batch and on any rank.
struct SampleDraws {
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  std::uint32_t sample = 0;

  /// `purpose` is the step's name.
  RandomStream stream(std::string_view purpose) const { return {seed, purpose, epoch, sample}; }
};

/// One step, made once for a trial. Called from several threads at once.
class Augmentation {
 public:
  virtual ~Augmentation() = default;
  /// Changes one image. The steps of a list follow one another in its order.
  virtual void apply(SampleImage& image, const SampleDraws& draws) const;
  /// How this step mixes the `count` images of a shard once all steps have changed them; nothing
  /// unless that is what it does. The shard's first sample names it: no other shard of the epoch
  /// has that one.
  virtual std::optional<Mixing> mixing(const SampleDraws& first, std::size_t count) const;
};

/// What an augmentation's file defines.
template <typename Step>
struct AugmentationComponent {
  static ComponentSpec spec();
  /// ConfigError for an option out of range.
  static std::unique_ptr<Augmentation> make(const Options& options);
};

/// In the order of the list. ConfigError for an unknown name, or one that stands twice.
std::vector<std::unique_ptr<Augmentation>> make_augmentations(
    const std::vector<AugmentationConfig>& steps);

/// For rules: the options of a step that the cell has.
const Options& augmentation_options(const Cell& cell, std::string_view name);

}  // namespace headway
