#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/statistics/metric.h"

namespace headway {

struct SplitShape {
  std::int64_t classes = 0;       // K
  std::int64_t feature_size = 0;  // D, of what meets the class vectors
  bool geometry = false;          // also keep per-class sums and the D x D second moment
};

/// Everything that one shard of one split contributes, as one flat vector of doubles that merges by
/// addition (so that ranks and shards can be summed in the fixed tree order).
///
/// Its bits depend on the batches given and on their order, and on nothing else. Sums are not
/// shifted by anchors: double then resolves a within-class variance down to about 1e-13 of the
/// squared feature norm, finer than the float32 features themselves.
class SplitSums {
 public:
  /// Sums over all samples. Each outcome (wrong, correct) has its own sums of each trait.
  enum Total {
    kSamples,
    kUnusableLogits,
    kUnusableFeatures,
    kLoss,
    kTop1,
    kTop5,
    kMargin,
    kTrialLoss,  // by add_trial_loss
    kTotals
  };
  enum Outcome { kWrong, kCorrect, kOutcomes };
  enum Trait {
    kCount,
    kNorm,
    kSquaredNorm,
    kLargestCosine,
    kSquaredLargestCosine,
    kOwnCosine,
    kTraits
  };

  explicit SplitSums(const SplitShape& shape);

  /// features [B, D] and logits [B, K] of any floating dtype, labels [B] int64 in [0, K),
  /// class_vectors [K, D]; on any device. Cosines are those of features and class vectors.
  void add(const at::Tensor& features,
           const at::Tensor& logits,
           const at::Tensor& labels,
           const at::Tensor& class_vectors);

  /// Adds the trial's own loss, where it is not the cross entropy, summed over a batch.
  void add_trial_loss(double sum) { values_[kTrialLoss] += sum; }

  /// To be merged with another's values element by element, by +.
  std::span<double> values() { return values_; }
  std::span<const double> values() const { return values_; }

  const SplitShape& shape() const { return shape_; }
  double total(Total which) const { return values_[which]; }
  double outcome(Outcome which, Trait trait) const;

  // Views of the geometry sums (double, CPU, not to be written to); they live as long as the sums.
  // std::logic_error unless shape().geometry.
  at::Tensor class_counts() const;        // [K] n_c
  at::Tensor squared_norms() const;       // [K] sum of ‖z‖²
  at::Tensor squared_unit_norms() const;  // [K] n_c less the zero features
  at::Tensor feature_sums() const;        // [K, D] sum of z
  at::Tensor unit_sums() const;           // [K, D] sum of z / ‖z‖
  at::Tensor second_moment() const;       // [D, D] sum of z z' over all samples

 private:
  struct Sample;
  void add_scores(const Sample& sample);
  void add_to_class(const Sample& sample);
  void add_second_moment(const at::Tensor& features);
  at::Tensor geometry_view(std::size_t offset, at::IntArrayRef sizes) const;

  SplitShape shape_;
  std::vector<double> values_;
};

/// loss (mean over samples), top1_accuracy and top5_accuracy (missing with 5 classes or fewer). The
/// loss is the cross entropy without label smoothing, or with `has_trial_loss` that of
/// add_trial_loss, and the cross entropy is `cross_entropy`.
Metrics accuracy_metrics(const SplitSums& sums, bool has_trial_loss = false);

/// feature_norm_{mean,std}_{correct,wrong} and max_cosine_{mean,std}_{correct,wrong}, the
/// statistics of arXiv 2011.08704, own_cosine_mean and logit_margin_mean.
Metrics prediction_metrics(const SplitSums& sums);

/// Neural-collapse and other statistics of features and class vectors, and present_classes, the
/// number of classes that they are over. class_vectors and initial_class_vectors [K, D], bias [K].
/// Needs sums with shape().geometry.
Metrics geometry_metrics(const SplitSums& sums,
                         const at::Tensor& class_vectors,
                         const at::Tensor& initial_class_vectors,
                         const std::optional<at::Tensor>& bias);

/// Class means [K, D], double; the row of a class without samples is NaN. Needs shape().geometry.
at::Tensor class_means(const SplitSums& sums);

}  // namespace headway
