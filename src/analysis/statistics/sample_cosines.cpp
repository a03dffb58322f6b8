// Cosines of samples with their class mean, and of pairs of samples within and between classes.
#include <ATen/TensorOperators.h>

#include "analysis/statistics/measure.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

// Mean over samples of cos(z, μ_y).
double intra_class_compactness(const FeatureGeometry& g) {
  g.check_repeated_class();
  return g.unit_sums.mul(g.means.directions()).sum().item<double>() / g.sample_count;
}

// Per class the sum over ordered pairs of different samples of their cosine [K'].
at::Tensor pair_cosine_sums(const FeatureGeometry& g) {
  return g.unit_sums.square().sum(1) - g.squared_unit_norms;
}

// Per class the number of ordered pairs of different samples [K'].
at::Tensor pair_counts(const FeatureGeometry& g) {
  return g.class_counts * (g.class_counts - 1);
}

double intra_class_pairwise_cosine(const FeatureGeometry& g) {
  g.check_repeated_class();
  const at::Tensor pairs = pair_counts(g);
  return mean((pair_cosine_sums(g) / pairs).masked_select(pairs.gt(0)));
}

double inter_class_pairwise_cosine(const FeatureGeometry& g) {
  g.means.check_pairs();
  const at::Tensor unit_means = g.unit_sums / g.class_counts.unsqueeze(1);
  return mean(upper_triangle(unit_means.mm(unit_means.t())));
}

double cosine_gap(const FeatureGeometry& g) {
  return intra_class_pairwise_cosine(g) - inter_class_pairwise_cosine(g);
}

double inter_class_cosine_mean(const FeatureGeometry& g) {
  return mean(g.means.pair_cosines());
}

double inter_class_cosine_max(const FeatureGeometry& g) {
  return g.means.pair_cosines().max().item<double>();
}

double inter_class_separability(const FeatureGeometry& g) {
  return 1 - inter_class_cosine_mean(g);
}

// Mean squared distance of two unit features of one class, over all such pairs (Wang and Isola's
// alignment with exponent 2).
double alignment(const FeatureGeometry& g) {
  g.check_repeated_class();
  return 2 - 2 * (pair_cosine_sums(g).sum() / pair_counts(g).sum()).item<double>();
}

constexpr FeatureStatistic kStatistics[] = {
    {"intra_class_compactness", intra_class_compactness},
    {"intra_class_pairwise_cosine", intra_class_pairwise_cosine},
    {"inter_class_pairwise_cosine", inter_class_pairwise_cosine},
    {"cosine_gap", cosine_gap},
    {"inter_class_cosine_mean", inter_class_cosine_mean},
    {"inter_class_cosine_max", inter_class_cosine_max},
    {"inter_class_separability", inter_class_separability},
    {"alignment", alignment},
};

}  // namespace

std::span<const FeatureStatistic> sample_cosine_statistics() {
  return kStatistics;
}

}  // namespace headway
