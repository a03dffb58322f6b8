#include "training/optimizers/optimizer.h"

namespace headway {

// To add an optimizer: write optimizers/<name>.cpp, then name its factory here.
OptimizerFactory make_adamw, make_sgd;

const Registry<OptimizerFactory>& optimizers() {
  static const Registry<OptimizerFactory> table{"optimizer",
                                                {{"adamw", make_adamw}, {"sgd", make_sgd}}};
  return table;
}

}  // namespace headway
