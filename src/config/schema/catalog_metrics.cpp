#include <utility>

#include "config/schema/catalog.h"

namespace headway {
namespace {

constexpr const char* kPaper = "arXiv 2011.08704";
constexpr const char* kEnergy = "Liu et al., 'Minimum hyperspherical energy', NeurIPS 2018";
constexpr const char* kPapyan = "Papyan, Han and Donoho, PNAS 2020";

void add_training_metrics(std::vector<MetricSpec>& metrics) {
  metrics.push_back(
      {.name = "loss",
       .summary = "the trial's loss, mean over samples (with margin, label smoothing and mixup in "
                  "training, without in evaluations)",
       .source = "-"});
  metrics.push_back({.name = "cross_entropy",
                     .summary = "mean over samples of -log softmax(logits)[label]; recorded where "
                                "the trial's loss is another one",
                     .source = "-"});
  metrics.push_back({.name = "top1_accuracy",
                     .summary = "share of samples whose largest logit is the right class, 0 to 1",
                     .source = "-",
                     .aliases = {"accuracy", "top1"},
                     .higher_is_better = true});
  metrics.push_back(
      {.name = "top5_accuracy",
       .summary = "share of samples whose right class is among the five largest logits",
       .source = "-",
       .aliases = {"top5"},
       .higher_is_better = true});
  metrics.push_back(
      {.name = "learning_rate", .summary = "at the last step of the epoch", .source = "-"});
  metrics.push_back({.name = "images_per_second",
                     .summary = "training images per second of the epoch, all ranks together",
                     .source = "-",
                     .higher_is_better = true});
}

void add_prediction_geometry(std::vector<MetricSpec>& metrics) {
  for (const char* outcome : {"correct", "wrong"}) {
    const std::string suffix = outcome;
    metrics.push_back({.name = "feature_norm_mean_" + suffix,
                       .summary = "mean of |z| over " + suffix + " predictions",
                       .source = kPaper});
    metrics.push_back(
        {.name = "feature_norm_std_" + suffix,
         .summary = "standard deviation (population) of |z| over " + suffix + " predictions",
         .source = kPaper});
    metrics.push_back({.name = "max_cosine_mean_" + suffix,
                       .summary = "mean of max_k cos(z, w_k) over " + suffix + " predictions",
                       .source = kPaper});
    metrics.push_back({.name = "max_cosine_std_" + suffix,
                       .summary = "standard deviation (population) of max_k cos(z, w_k) over " +
                                  suffix + " predictions",
                       .source = kPaper});
  }
}

void add_sample_margins(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "own_cosine_mean",
                     .summary = "mean over samples of cos(z, w_y)",
                     .source = "own",
                     .higher_is_better = true});
  metrics.push_back({.name = "logit_margin_mean",
                     .summary = "mean over samples of l_y - max over the other classes",
                     .source = "own",
                     .higher_is_better = true});
  metrics.push_back({.name = "present_classes",
                     .summary = "classes that have at least one sample",
                     .source = "own"});
}

void add_variability_collapse(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "nc1_pinv",
                     .summary = "tr(S_W pinv(S_B)) / K: within- against between-class covariance",
                     .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)",
                     .aliases = {"nc1"}});
  metrics.push_back({.name = "nc1_quotient",
                     .summary = "tr S_W / tr S_B",
                     .source = "github.com/rhubarbwu/neural-collapse (nc1_quot)"});
  metrics.push_back({.name = "nc1_cdnv",
                     .summary = "mean over class pairs of (v_i + v_j) / (2 |mu_i - mu_j|^2)",
                     .source = "Galanti, Gyorgy and Hutter, ICLR 2022"});
  metrics.push_back(
      {.name = "between_variance_fraction",
       .summary = "share of the variance of features that lies between classes (eta squared)",
       .source = "own",
       .higher_is_better = true});
  metrics.push_back(
      {.name = "effective_rank",
       .summary = "exp of the entropy of the normalised singular values of the features",
       .source = "Roy and Vetterli, EUSIPCO 2007"});
  metrics.push_back({.name = "participation_ratio",
                     .summary = "(tr C)^2 / |C|_F^2 of the features' covariance C",
                     .source = "-"});
}

void add_simplex_geometry(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "nc2_equinorm_means",
                     .summary = "std / mean over classes of |mu_c - mu_G|",
                     .source = kPapyan,
                     .aliases = {"nc2_equinorm", "nc2_equinorm_cv"}});
  metrics.push_back({.name = "nc2_equinorm_vectors",
                     .summary = "std / mean over classes of |w_k|",
                     .source = kPapyan});
  metrics.push_back({.name = "nc2_equiangular_means",
                     .summary = "mean over i != j of |cos(m_i, m_j) + 1/(K-1)|, m_c = mu_c - mu_G",
                     .source = kPapyan,
                     .aliases = {"nc2_equiangular", "nc2_equiangular_mean_abs"}});
  metrics.push_back({.name = "nc2_equiangular_vectors",
                     .summary = "mean over i != j of |cos(w_i, w_j) + 1/(K-1)|",
                     .source = kPapyan});
  metrics.push_back({.name = "nc2_cosine_mean_means",
                     .summary = "mean over pairs of cos(m_i, m_j)",
                     .source = kPapyan});
  metrics.push_back({.name = "nc2_cosine_std_means",
                     .summary = "standard deviation over pairs of cos(m_i, m_j)",
                     .source = kPapyan});
  metrics.push_back(
      {.name = "nc2_etf_error_means",
       .summary =
           "| G/|G|_F - (I - J/K)/sqrt(K-1) |_F, G the Gram matrix of the centred class means",
       .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)"});
  metrics.push_back({.name = "nc2_cosine_mean_vectors",
                     .summary = "mean over pairs of cos(w_i, w_j)",
                     .source = kPapyan});
  metrics.push_back({.name = "nc2_cosine_std_vectors",
                     .summary = "standard deviation over pairs of cos(w_i, w_j)",
                     .source = kPapyan});
  metrics.push_back(
      {.name = "nc2_etf_error_vectors",
       .summary = "| G/|G|_F - (I - J/K)/sqrt(K-1) |_F, G the Gram matrix of the class vectors",
       .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)"});
}

void add_duality_and_nearest_mean(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "nc3_self_duality",
                     .summary = "| W/|W|_F - M/|M|_F |_F^2, in [0, 4]; rows of M are mu_c - mu_G",
                     .source = kPapyan,
                     .aliases = {"nc3"}});
  metrics.push_back({.name = "nc3_self_duality_etf",
                     .summary = "| WM'/|WM'|_F - (I - J/K)/sqrt(K-1) |_F",
                     .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)"});
  metrics.push_back({.name = "nc3_cosine_mean",
                     .summary = "mean over k of cos(mu_k - mu_G, w_k)",
                     .source = "Yang et al., NeurIPS 2022 (ETF-DR)",
                     .higher_is_better = true});
  metrics.push_back({.name = "nc3_cosine_std",
                     .summary = "standard deviation over k of cos(mu_k - mu_G, w_k)",
                     .source = "Yang et al., NeurIPS 2022 (ETF-DR)"});
  metrics.push_back({.name = "nc3_bias_norm",
                     .summary = "| W mu_G + b |",
                     .source = "Zhu et al., NeurIPS 2021 (github.com/tding1/Neural-Collapse)"});
  metrics.push_back(
      {.name = "nc4_ncm_agreement",
       .summary = "share of samples whose prediction is the nearest training class mean",
       .source = kPapyan,
       .aliases = {"nc4"},
       .higher_is_better = true});
  metrics.push_back({.name = "ncm_accuracy",
                     .summary = "accuracy of the nearest training class mean (Euclidean)",
                     .source = kPapyan,
                     .higher_is_better = true});
}

void add_class_relations(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "inter_class_cosine_mean",
                     .summary = "mean over class pairs of cos(mu_i, mu_j), means not centred",
                     .source = kPaper});
  metrics.push_back({.name = "inter_class_separability",
                     .summary = "1 - inter_class_cosine_mean",
                     .source = kPaper,
                     .higher_is_better = true});
  metrics.push_back({.name = "intra_class_compactness",
                     .summary = "mean over samples of cos(z, mu_y)",
                     .source = kPaper,
                     .higher_is_better = true});
  metrics.push_back({.name = "inter_class_cosine_max",
                     .summary = "largest cos(mu_i, mu_j), i != j",
                     .source = "own"});
  metrics.push_back({.name = "intra_class_pairwise_cosine",
                     .summary = "mean cosine of two samples of one class",
                     .source = "own",
                     .higher_is_better = true});
  metrics.push_back({.name = "inter_class_pairwise_cosine",
                     .summary = "mean cosine of two samples of different classes",
                     .source = "own"});
  metrics.push_back({.name = "cosine_gap",
                     .summary = "intra_class_pairwise_cosine - inter_class_pairwise_cosine",
                     .source = "own",
                     .higher_is_better = true});
  metrics.push_back({.name = "alignment",
                     .summary = "mean squared distance of two normalised features of one class",
                     .source = "Wang and Isola, ICML 2020"});
}

void add_class_vector_metrics(std::vector<MetricSpec>& metrics) {
  metrics.push_back({.name = "class_vector_movement_degrees_mean",
                     .summary = "mean angle between a class vector now and as drawn; 0 when fixed",
                     .source = "own"});
  metrics.push_back({.name = "class_vector_cosine_max",
                     .summary = "largest cos(w_i, w_j), i != j",
                     .source = "own"});
  metrics.push_back({.name = "class_vector_cosine_min",
                     .summary = "smallest cos(w_i, w_j), i != j",
                     .source = "own"});
  metrics.push_back({.name = "class_vector_cosine_mean_abs",
                     .summary = "mean of |cos(w_i, w_j)|, i != j",
                     .source = "own"});
  metrics.push_back({.name = "class_vector_cosine_mean",
                     .summary = "mean of cos(w_i, w_j), i != j",
                     .source = "own"});
  metrics.push_back(
      {.name = "class_vector_norm_mean", .summary = "mean of |w_k|", .source = "own"});
  metrics.push_back({.name = "class_vector_movement_degrees_max",
                     .summary = "largest angle between a class vector now and as drawn",
                     .source = "own"});
}

void add_hypersphere_energies(std::vector<MetricSpec>& metrics) {
  for (const auto& [suffix, what] : {std::pair{"class_means", "centred class means"},
                                     std::pair{"class_vectors", "class vectors"}}) {
    const std::string over = std::string("the ") + what + ", normalised";
    metrics.push_back(
        {.name = std::string("uniformity_") + suffix,
         .summary = "log of the mean over pairs of exp(-2 d^2), d the distance of " + over,
         .source = "Wang and Isola, ICML 2020"});
    metrics.push_back({.name = std::string("energy_s0_") + suffix,
                       .summary = "mean over pairs of -log d^2, d the distance of " + over,
                       .source = kEnergy});
    metrics.push_back({.name = std::string("energy_s1_") + suffix,
                       .summary = "mean over pairs of 1 / d, d the distance of " + over,
                       .source = kEnergy});
    metrics.push_back({.name = std::string("energy_s2_") + suffix,
                       .summary = "mean over pairs of 1 / d^2, d the distance of " + over,
                       .source = kEnergy});
  }
}

std::vector<MetricSpec> all_metrics() {
  std::vector<MetricSpec> metrics;
  add_training_metrics(metrics);
  add_prediction_geometry(metrics);
  add_sample_margins(metrics);
  add_variability_collapse(metrics);
  add_simplex_geometry(metrics);
  add_duality_and_nearest_mean(metrics);
  add_class_relations(metrics);
  add_class_vector_metrics(metrics);
  add_hypersphere_energies(metrics);
  return metrics;
}

}  // namespace

const std::vector<MetricSpec>& metric_catalog() {
  static const std::vector<MetricSpec> metrics = all_metrics();
  return metrics;
}

}  // namespace headway
