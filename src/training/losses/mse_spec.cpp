#include <fmt/format.h>

#include "config/rules/cell.h"
#include "training/losses/losses.h"

namespace headway {
namespace {

// Logits of unit features and unit vectors are at most the scale.
void check_target(Cell& cell) {
  const std::optional<double> largest = cell.largest_logit();
  const double target = cell.config().loss.options.number("target");
  if (!largest || target <= *largest) return;
  cell.flag("mse_target_out_of_reach",
            "loss.target",
            fmt::format("the right class's logit shall be {}, but a {} head of scale {} reaches no "
                        "more than that scale",
                        target,
                        cell.head().component.name,
                        *largest));
}

}  // namespace

template <>
LossSpec LossComponent<Mse>::spec() {
  return {.component = {
              .name = "mse",
              .summary =
                  "(kappa (l_y - target)^2 + sum of l_k^2 over the other classes) / K: squared "
                  "distance to one-hot targets",
              .source = "Hui and Belkin, ICLR 2021; github.com/jinxinzhou/neural-collapse-MSE",
              .options = {{.name = "kappa",
                           .type = OptionType::kNumber,
                           .default_value = 1.0,
                           .summary = "weight of the right class's term",
                           .limits = kPositive},
                          {.name = "target",
                           .type = OptionType::kNumber,
                           .default_value = 1.0,
                           .summary = "what the right class's logit shall be",
                           .limits = kPositive}},
              .rule = check_target}};
}

}  // namespace headway
