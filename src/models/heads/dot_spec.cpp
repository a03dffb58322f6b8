#include "models/heads/heads.h"
#include "models/heads/options.h"

namespace headway {

template <>
HeadSpec HeadComponent<Dot>::spec() {
  return {.component = {
              .name = "dot",
              .summary = "logits = W z + b: the ordinary linear classification layer",
              .source = "arXiv 2011.08704; github.com/MLSpeech/FixedClassificationLayer",
              .options = {bias_option()},
          }};
}

}  // namespace headway
