#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kPapyan = "Papyan, Han and Donoho, PNAS 2020";
constexpr const char* kZhu = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)";

}  // namespace

namespace statistics {

template <>
MetricSpec describe<Nc3SelfDuality>() {
  return {.name = "nc3_self_duality",
          .summary = "| W/|W|_F - M/|M|_F |_F^2, in [0, 4]; rows of M are mu_c - mu_G",
          .source = kPapyan,
          .aliases = {"nc3"}};
}

template <>
MetricSpec describe<Nc3SelfDualityEtf>() {
  return {.name = "nc3_self_duality_etf",
          .summary = "| WM'/|WM'|_F - (I - J/K)/sqrt(K-1) |_F",
          .source = kZhu};
}

template <>
MetricSpec describe<Nc3CosineMean>() {
  return {.name = "nc3_cosine_mean",
          .summary = "mean over k of cos(mu_k - mu_G, w_k)",
          .source = "Yang et al., NeurIPS 2022 (ETF-DR)",
          .higher_is_better = true};
}

template <>
MetricSpec describe<Nc3CosineStd>() {
  return {.name = "nc3_cosine_std",
          .summary = "standard deviation over k of cos(mu_k - mu_G, w_k)",
          .source = "Yang et al., NeurIPS 2022 (ETF-DR)"};
}

template <>
MetricSpec describe<Nc3BiasNorm>() {
  return {.name = "nc3_bias_norm", .summary = "| W mu_G + b |", .source = kZhu};
}

}  // namespace statistics
}  // namespace headway
