#include "training/optimizers/optimizers.h"

namespace headway {

const Registry<OptimizerFactory>& optimizers() {
  static const Registry<OptimizerFactory> table{
      "optimizer", Optimizers::collect([]<typename Name>() {
        return std::pair<std::string, OptimizerFactory*>(OptimizerComponent<Name>::spec().name,
                                                         OptimizerComponent<Name>::make);
      })};
  return table;
}

}  // namespace headway
