#include "training/losses/losses.h"

namespace headway {

template <>
LossSpec LossComponent<CrossEntropy>::spec() {
  return {.component = {.name = "cross_entropy",
                        .summary = "-log of the softmax probability of the right class",
                        .source = "label smoothing: Szegedy et al., CVPR 2016",
                        .options = {{.name = "label_smoothing",
                                     .type = OptionType::kNumber,
                                     .default_value = 0.0,
                                     .summary = "share of the target that all classes get alike, "
                                                "in training",
                                     .limits = kFraction}}},
          .uses_probabilities = true,
          .is_cross_entropy = true};
}

}  // namespace headway
