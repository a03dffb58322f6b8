#include "config/rules/cell.h"
#include "training/optimizers/optimizers.h"

namespace headway {
namespace {

void check_sgd(Cell& cell) {
  const Options& options = cell.config().optimizer.options;
  if (!options.flag("nesterov") || options.number("momentum") != 0) return;
  cell.refuse("nesterov_without_momentum",
              "optimizer.nesterov",
              "nesterov looks ahead along the momentum, which is 0");
}

}  // namespace

template <>
ComponentSpec OptimizerComponent<Sgd>::spec() {
  return {.name = "sgd",
          .summary = "stochastic gradient descent with momentum, as in PyTorch",
          .source = "Sutskever et al., ICML 2013; PyTorch's SGD",
          .options = {{.name = "momentum",
                       .type = OptionType::kNumber,
                       .default_value = 0.9,
                       .summary = "how much of the last update is kept",
                       .limits = kFraction},
                      {.name = "nesterov",
                       .type = OptionType::kFlag,
                       .default_value = false,
                       .summary = "look ahead along the momentum"}},
          .rule = check_sgd};
}

}  // namespace headway
