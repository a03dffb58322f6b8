#include <fmt/format.h>

#include "config/rules/cell.h"
#include "training/optimizers/optimizers.h"

namespace headway {
namespace {

// Published recipes stay at or below 1e-2.
constexpr double kLargestAdamwRate = 0.03;

void check_adamw(Cell& cell) {
  const double rate = cell.config().optimizer.learning_rate;
  if (rate <= kLargestAdamwRate) return;
  cell.flag("adamw_learning_rate_too_large",
            "optimizer.learning_rate",
            fmt::format("adamw moves every weight by up to the learning rate per step, and {} is "
                        "more than {}",
                        rate,
                        kLargestAdamwRate));
}

OptionSpec beta_option(const char* name, double default_value, const char* summary) {
  return {.name = name,
          .type = OptionType::kNumber,
          .default_value = default_value,
          .summary = summary,
          .limits = kFraction};
}

}  // namespace

template <>
ComponentSpec OptimizerComponent<AdamW>::spec() {
  return {.name = "adamw",
          .summary = "Adam with weight decay apart from the gradient, as in PyTorch",
          .source = "Loshchilov and Hutter, ICLR 2019; PyTorch's AdamW",
          .options = {beta_option("beta1", 0.9, "how much of the mean gradient is kept"),
                      beta_option("beta2", 0.999, "how much of the mean squared gradient is kept"),
                      {.name = "epsilon",
                       .type = OptionType::kNumber,
                       .default_value = 1e-8,
                       .summary = "added to the root of the mean squared gradient",
                       .limits = kPositive}},
          .rule = check_adamw};
}

}  // namespace headway
