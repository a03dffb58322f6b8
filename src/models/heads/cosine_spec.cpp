#include "models/heads/heads.h"
#include "models/heads/options.h"

namespace headway {

template <>
HeadSpec HeadComponent<Cosine>::spec() {
  return {
      .component = {.name = "cosine",
                    .summary = "logits = scale * cos(z, w_k) + b: only directions count",
                    .source =
                        "arXiv 2011.08704; with a learned scale NormFace (Wang et al., ACM MM "
                        "2017)",
                    .options = {scale_option(
                                    20, "factor on the cosines, or where a learned one starts"),
                                {.name = "learned_scale",
                                 .type = OptionType::kFlag,
                                 .default_value = false,
                                 .summary = "train the scale too (never below 0.01)"},
                                bias_option()}},
      .normalises_features = true,
      .normalises_class_vectors = true,
  };
}

}  // namespace headway
