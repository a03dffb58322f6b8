#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kPapyan = "Papyan, Han and Donoho, PNAS 2020";
constexpr const char* kZhu = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)";

}  // namespace

namespace statistics {

template <>
MetricSpec describe<Nc2EquinormMeans>() {
  return {.name = "nc2_equinorm_means",
          .summary = "std / mean over classes of |mu_c - mu_G|",
          .source = kPapyan,
          .aliases = {"nc2_equinorm", "nc2_equinorm_cv"}};
}

template <>
MetricSpec describe<Nc2EquiangularMeans>() {
  return {.name = "nc2_equiangular_means",
          .summary = "mean over i != j of |cos(m_i, m_j) + 1/(K-1)|, m_c = mu_c - mu_G",
          .source = kPapyan,
          .aliases = {"nc2_equiangular", "nc2_equiangular_mean_abs"}};
}

template <>
MetricSpec describe<Nc2CosineMeanMeans>() {
  return {.name = "nc2_cosine_mean_means",
          .summary = "mean over pairs of cos(m_i, m_j)",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2CosineStdMeans>() {
  return {.name = "nc2_cosine_std_means",
          .summary = "standard deviation over pairs of cos(m_i, m_j)",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2EtfErrorMeans>() {
  return {.name = "nc2_etf_error_means",
          .summary =
              "| G/|G|_F - (I - J/K)/sqrt(K-1) |_F, G the Gram matrix of the centred class means",
          .source = kZhu};
}

template <>
MetricSpec describe<Nc2EquinormVectors>() {
  return {.name = "nc2_equinorm_vectors",
          .summary = "std / mean over classes of |w_k|",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2EquiangularVectors>() {
  return {.name = "nc2_equiangular_vectors",
          .summary = "mean over i != j of |cos(w_i, w_j) + 1/(K-1)|",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2CosineMeanVectors>() {
  return {.name = "nc2_cosine_mean_vectors",
          .summary = "mean over pairs of cos(w_i, w_j)",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2CosineStdVectors>() {
  return {.name = "nc2_cosine_std_vectors",
          .summary = "standard deviation over pairs of cos(w_i, w_j)",
          .source = kPapyan};
}

template <>
MetricSpec describe<Nc2EtfErrorVectors>() {
  return {.name = "nc2_etf_error_vectors",
          .summary = "| G/|G|_F - (I - J/K)/sqrt(K-1) |_F, G the Gram matrix of the class vectors",
          .source = kZhu};
}

}  // namespace statistics
}  // namespace headway
