// What a trial records, and that the catalog lists it; the same on any number of ranks.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/accumulators/accumulators.h"
#include "support/small_trial.h"
#include "training/final_results.h"

namespace headway {
namespace {

using Names = std::set<std::string>;

TrialConfig trial(bool everything) {
  TrialConfig config = small_trial("fp32");
  config.evaluation.geometry = everything;
  config.evaluation.calibration = everything;
  return config;
}

// Of all splits, after each epoch and at the end.
Names recorded_names(const TrialResult& result, const CollectingSink& sink) {
  Names names;
  std::vector<SplitMetrics> all{result.results};
  for (const EpochRecord& epoch : sink.epochs) all.push_back(epoch.values);
  for (const SplitMetrics& splits : all) {
    for (const auto& [split, metrics] : splits) {
      for (const Metric& metric : metrics) names.insert(metric.name);
    }
  }
  return names;
}

Names names_of(const Metrics& metrics) {
  Names names;
  for (const Metric& metric : metrics) names.insert(metric.name);
  return names;
}

// Everything but timings, which differ from run to run.
Metrics repeatable(const Metrics& metrics) {
  Metrics kept;
  for (const Metric& metric : metrics) {
    const auto spec = std::ranges::find(metric_catalog(), metric.name, &MetricSpec::name);
    if (spec != metric_catalog().end() && spec->is_timing) continue;
    if (!std::isnan(metric.value)) kept.push_back(metric);
  }
  return kept;
}

TrialResult train_alone(const TrialConfig& config, CollectingSink& sink) {
  at::set_num_threads(1);
  const TemporaryDirectory folder;
  const auto alone = make_single_process_communicator();
  return train(*alone, config, {folder.path()}, sink);
}

TEST(RecordedMetrics, are_those_that_the_catalog_lists) {
  CollectingSink sink;
  const Names recorded = recorded_names(train_alone(trial(true), sink), sink);
  Names listed;
  for (const MetricSpec& metric : metric_catalog()) {
    if (metric.recorded_when.empty() || recorded.contains(metric.name)) listed.insert(metric.name);
  }
  EXPECT_EQ(recorded, listed);
}

TEST(RecordedMetrics, follow_the_configuration_by_accumulator_and_split) {
  for (const bool everything : {false, true}) {
    const TrialConfig config = trial(everything);
    CollectingSink sink;
    const TrialResult result = train_alone(config, sink);
    for (const AccumulatorSpec& spec : accumulator_specs()) {
      if (spec.name == kAccuracy) continue;
      for (const char* split : {"train", "validation", "test"}) {
        const Names names = names_of(result.results.at(split));
        for (const MetricSpec& metric : spec.metrics) {
          EXPECT_EQ(names.contains(metric.name), spec.recorded(config.evaluation, split))
              << split << "/" << metric.name;
        }
      }
    }
  }
}

TEST(RecordedMetrics, of_an_epoch_are_loss_and_accuracies_alone) {
  CollectingSink sink;
  train_alone(trial(true), sink);
  ASSERT_EQ(sink.epochs.size(), static_cast<std::size_t>(kEpochs));
  for (const EpochRecord& epoch : sink.epochs) {
    EXPECT_EQ(names_of(epoch.values.at("validation")),
              (Names{"loss", "top1_accuracy", "top5_accuracy"}));
  }
}

// The loss that evaluations record is the mean negative log-likelihood of the same samples.
TEST(RecordedMetrics, nll_of_the_finished_model_is_its_cross_entropy) {
  CollectingSink sink;
  const TrialResult result = train_alone(trial(true), sink);
  for (const char* split : {"validation", "test"}) {
    const Metrics& metrics = result.results.at(split);
    EXPECT_NEAR(value_of(metrics, "nll"), value_of(metrics, "loss"), 1e-12) << split;
    EXPECT_GE(value_of(metrics, "ece"), 0);
    EXPECT_LE(value_of(metrics, "ece"), value_of(metrics, "mce") + 1e-15);
    EXPECT_LE(value_of(metrics, "brier"), 2);
  }
}

TEST(RecordedMetrics, have_the_same_bits_on_any_number_of_ranks) {
  CollectingSink sink;
  const TrialResult alone = train_alone(trial(true), sink);
  const TemporaryDirectory own;
  const TrialResult together = train(test_communicator(), trial(true), {shared_folder(own)});
  for (const auto& [split, metrics] : alone.results) {
    const Metrics& others = together.results.at(split);
    ASSERT_EQ(names_of(others), names_of(metrics));
    for (const Metric& metric : repeatable(metrics)) {
      EXPECT_EQ(value_of(others, metric.name), metric.value) << split << "/" << metric.name;
    }
  }
  if (test_communicator().rank() == 0) {
    EXPECT_EQ(together.hashes.metrics, alone.hashes.metrics);
  }
}

TEST(RecordedMetrics, of_calibration_change_no_other_metric) {
  CollectingSink sink;
  TrialConfig config = trial(true);
  SplitMetrics with = train_alone(config, sink).results;
  config.evaluation.calibration = false;
  const SplitMetrics without = train_alone(config, sink).results;
  for (const auto& [split, metrics] : without) {
    for (const Metric& metric : repeatable(metrics)) {
      EXPECT_EQ(value_of(with.at(split), metric.name), metric.value) << split << "/" << metric.name;
    }
  }
}

}  // namespace
}  // namespace headway
