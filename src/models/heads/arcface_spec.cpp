#include <fmt/format.h>

#include <cmath>

#include "config/rules/cell.h"
#include "models/heads/heads.h"
#include "models/heads/options.h"

namespace headway {
namespace {

constexpr double kLargestMargin = 3.14;  // radians: beyond pi the cosine rises again

/// The largest cosine of two of K unit vectors: of these ones where that is known, else the least
/// that any K vectors can have (a simplex).
double least_cosine(const Cell& cell, bool& is_exact) {
  const auto known = cell.class_vectors().largest_cosine;
  is_exact = cell.has_fixed_vectors() && known != nullptr;
  return is_exact ? known(cell.dataset().classes, cell.feature_size(), cell.class_vector_options())
                  : -1 / (cell.classes() - 1);
}

// Where theta_y + m passes the angle to another class vector, a feature on its own class vector
// still loses to that class.
void check_margin(Cell& cell) {
  if (cell.classes() < 2) return;
  bool is_exact = false;
  const double angle = std::acos(least_cosine(cell, is_exact));
  const double margin = cell.config().head.options.number("margin");
  if (margin < angle) return;
  cell.flag("margin_not_below_smallest_angle",
            "head.margin",
            fmt::format("a margin of {} rad is not below {:.4f} rad, {} {} class vectors: the loss "
                        "cannot come near 0",
                        margin,
                        angle,
                        is_exact ? "the angle between two" : "the largest angle possible between",
                        is_exact ? cell.config().class_vectors.distribution
                                 : std::to_string(cell.dataset().classes)));
}

}  // namespace

template <>
HeadSpec HeadComponent<Arcface>::spec() {
  return {
      .component =
          {.name = "arcface",
           .summary =
               "logits = scale * cos(theta_k), in training scale * cos(theta_y + margin) for the "
               "right class: additive angular margin",
           .source = "Deng et al., 'ArcFace', CVPR 2019; github.com/deepinsight/insightface",
           .options = {scale_option(64, "factor on the cosines"),
                       {.name = "margin",
                        .type = OptionType::kNumber,
                        .default_value = 0.5,
                        .summary = "added to the angle to the right class's vector in training, "
                                   "radians; where the sum passes pi, the logit goes on falling "
                                   "as scale * (cos(theta_y) - margin * sin(margin))",
                        .limits = {.minimum = 0, .maximum = kLargestMargin}},
                       {.name = "easy_margin",
                        .type = OptionType::kFlag,
                        .default_value = false,
                        .summary = "no margin where theta_y is 90 degrees or more"},
                       {.name = "margin_gradient",
                        .type = OptionType::kText,
                        .default_value = "exact",
                        .summary = "exact, or straight_through: that of cos(theta_y), and "
                                   "cos(theta_y + margin) also beyond pi, as insightface has it",
                        .limits = {.choices = {"exact", "straight_through"}}}},
           .rule = check_margin},
      .normalises_features = true,
      .normalises_class_vectors = true,
      .needs_labels = true,
  };
}

}  // namespace headway
