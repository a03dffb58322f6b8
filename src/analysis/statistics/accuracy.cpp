#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "analysis/accumulators/logit_score.h"
#include "analysis/accumulators/split_sums.h"
#include "analysis/statistics/measure.h"

namespace headway {
namespace {

void check_samples(const SplitSums& sums) {
  defined_if(sums.total(SplitSums::kSamples) > 0, "the split has no samples");
}

void check_logits(const SplitSums& sums) {
  check_samples(sums);
  const double unusable = sums.total(SplitSums::kUnusableLogits);
  defined_if(unusable == 0,
             fmt::format("{} of {} samples have logits that are not finite",
                         unusable,
                         sums.total(SplitSums::kSamples)));
}

void check_features(const SplitSums& sums) {
  check_samples(sums);
  const double unusable = sums.total(SplitSums::kUnusableFeatures);
  defined_if(unusable == 0,
             fmt::format("{} of {} samples have features that are not finite",
                         unusable,
                         sums.total(SplitSums::kSamples)));
}

double mean_per_sample(const SplitSums& sums, SplitSums::Total which) {
  check_logits(sums);
  return sums.total(which) / sums.total(SplitSums::kSamples);
}

double mean_of(const SplitSums& sums, SplitSums::Outcome outcome, SplitSums::Trait trait) {
  check_logits(sums);
  check_features(sums);
  const double count = sums.outcome(outcome, SplitSums::kCount);
  defined_if(
      count > 0,
      outcome == SplitSums::kCorrect ? "no prediction is correct" : "no prediction is wrong");
  return sums.outcome(outcome, trait) / count;
}

// With divisor n; `square` is the trait whose sum is that of the squares of `trait`.
double std_of(const SplitSums& sums,
              SplitSums::Outcome outcome,
              SplitSums::Trait trait,
              SplitSums::Trait square) {
  const double mean = mean_of(sums, outcome, trait);
  return std::sqrt(std::max(0.0, mean_of(sums, outcome, square) - mean * mean));
}

double own_cosine_mean(const SplitSums& sums) {
  check_features(sums);
  const double sum = sums.outcome(SplitSums::kCorrect, SplitSums::kOwnCosine) +
                     sums.outcome(SplitSums::kWrong, SplitSums::kOwnCosine);
  return sum / sums.total(SplitSums::kSamples);
}

double logit_margin_mean(const SplitSums& sums) {
  defined_if(sums.shape().classes > 1, "there is only one class");
  return mean_per_sample(sums, SplitSums::kMargin);
}

double top5_accuracy(const SplitSums& sums) {
  defined_if(sums.shape().classes > kTopFive, "there are no more than 5 classes");
  return mean_per_sample(sums, SplitSums::kTop5);
}

}  // namespace

Metrics accuracy_metrics(const SplitSums& sums, bool has_trial_loss) {
  const auto loss = has_trial_loss ? SplitSums::kTrialLoss : SplitSums::kLoss;
  Metrics metrics{measure("loss", [&] { return mean_per_sample(sums, loss); }),
                  measure("top1_accuracy", [&] { return mean_per_sample(sums, SplitSums::kTop1); }),
                  measure("top5_accuracy", [&] { return top5_accuracy(sums); })};
  if (has_trial_loss) {
    metrics.push_back(
        measure("cross_entropy", [&] { return mean_per_sample(sums, SplitSums::kLoss); }));
  }
  return metrics;
}

Metrics prediction_metrics(const SplitSums& sums) {
  Metrics metrics;
  for (const auto outcome : {SplitSums::kCorrect, SplitSums::kWrong}) {
    const std::string suffix = outcome == SplitSums::kCorrect ? "_correct" : "_wrong";
    const auto add = [&](const char* name, SplitSums::Trait trait, SplitSums::Trait square) {
      metrics.push_back(
          measure(name + ("_mean" + suffix), [&] { return mean_of(sums, outcome, trait); }));
      metrics.push_back(
          measure(name + ("_std" + suffix), [&] { return std_of(sums, outcome, trait, square); }));
    };
    add("feature_norm", SplitSums::kNorm, SplitSums::kSquaredNorm);
    add("max_cosine", SplitSums::kLargestCosine, SplitSums::kSquaredLargestCosine);
  }
  metrics.push_back(measure("own_cosine_mean", [&] { return own_cosine_mean(sums); }));
  metrics.push_back(measure("logit_margin_mean", [&] { return logit_margin_mean(sums); }));
  return metrics;
}

}  // namespace headway
