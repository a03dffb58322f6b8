#include "data/augmentations/augmentation.h"

namespace headway {
namespace {

class FlipStep final : public Augmentation {
 public:
  explicit FlipStep(double probability) : probability_(probability) {}

  void apply(SampleImage& image, const SampleDraws& draws) const override {
    if (probability_ > 0 && draws.stream("flip").uniform() < probability_) image.mirror();
  }

 private:
  double probability_;
};

}  // namespace

template <>
ComponentSpec AugmentationComponent<Flip>::spec() {
  return {.name = "flip",
          .summary = "mirror left to right",
          .source = "He et al., CVPR 2016",
          .options = {{.name = "probability",
                       .type = OptionType::kNumber,
                       .default_value = 0.5,
                       .summary = "of mirroring an image",
                       .limits = {.minimum = 0, .maximum = 1}}}};
}

template <>
std::unique_ptr<Augmentation> AugmentationComponent<Flip>::make(const Options& options) {
  return std::make_unique<FlipStep>(options.number("probability"));
}

}  // namespace headway
