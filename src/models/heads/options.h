#pragma once

#include "config/schema/catalog.h"

namespace headway {

/// `bias` of a head that offers one (see ClassVectorParameters).
inline OptionSpec bias_option() {
  return {.name = "bias",
          .type = OptionType::kText,
          .default_value = "none",
          .summary =
              "one number per class added to the logits, 0.01 at the start; a frozen one keeps "
              "that value (and has no effect under softmax)",
          .limits = {.choices = {"none", "learned", "frozen"}}};
}

/// `scale` of a head whose logits are cosines times a factor.
inline OptionSpec scale_option(double default_scale, const char* summary) {
  return {.name = "scale",
          .type = OptionType::kNumber,
          .default_value = default_scale,
          .summary = summary,
          .limits = kPositive};
}

}  // namespace headway
