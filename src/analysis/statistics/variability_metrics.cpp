#include "analysis/statistics/statistics.h"

namespace headway::statistics {

template <>
MetricSpec describe<Nc1Pinv>() {
  return {.name = "nc1_pinv",
          .summary = "tr(S_W pinv(S_B)) / K: within- against between-class covariance",
          .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)",
          .aliases = {"nc1"}};
}

template <>
MetricSpec describe<Nc1Quotient>() {
  return {.name = "nc1_quotient",
          .summary = "tr S_W / tr S_B",
          .source = "github.com/rhubarbwu/neural-collapse (nc1_quot)"};
}

template <>
MetricSpec describe<Nc1Cdnv>() {
  return {.name = "nc1_cdnv",
          .summary = "mean over class pairs of (v_i + v_j) / (2 |mu_i - mu_j|^2)",
          .source = "Galanti, Gyorgy and Hutter, ICLR 2022"};
}

template <>
MetricSpec describe<BetweenVarianceFraction>() {
  return {.name = "between_variance_fraction",
          .summary = "share of the variance of features that lies between classes (eta squared)",
          .source = "own",
          .higher_is_better = true};
}

template <>
MetricSpec describe<EffectiveRank>() {
  return {.name = "effective_rank",
          .summary = "exp of the entropy of the normalised singular values of the features",
          .source = "Roy and Vetterli, EUSIPCO 2007"};
}

template <>
MetricSpec describe<ParticipationRatio>() {
  return {.name = "participation_ratio",
          .summary = "(tr C)^2 / |C|_F^2 of the features' covariance C",
          .source = "-"};
}

}  // namespace headway::statistics
