#include "training/finished_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <limits>
#include <map>
#include <span>

#include "base/errors.h"
#include "base/weights_file.h"
#include "comm/nccl/device_array.h"
#include "config/schema/ids.h"
#include "support/small_trial.h"
#include "training/suites/suite.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Trained once for all tests of one precision.
struct Trained {
  TemporaryDirectory folder;
  TrialConfig config;
  TrialResult result;

  std::filesystem::path weights() const {
    return folder.path() / "artifacts" / "weights.safetensors";
  }
  FinishedTrialSource source() const {
    return {.config = config,
            .weights = weights(),
            .trained = {.precision = result.precision,
                        .device = "cpu",
                        .threads_per_rank = 1,
                        .weights_sha256 = result.hashes.weights,
                        .class_vectors_sha256 = result.class_vectors_sha256,
                        .test_results = result.results.at("test")}};
  }
};

const Trained& trained(const std::string& precision) {
  static std::map<std::string, Trained> runs;
  const auto [run, is_new] = runs.try_emplace(precision);
  Trained& made = run->second;
  if (is_new) {
    made.config = small_trial(precision);
    made.result = train(test_communicator(), made.config, {.folder = made.folder.path()});
  }
  return made;
}

/// The same weights in a file that says that they are of the trial that the source's configuration
/// is now.
std::filesystem::path said_to_be_of(const FinishedTrialSource& source,
                                    const std::filesystem::path& folder) {
  const SafetensorsFile weights(source.weights);
  auto metadata = weights.metadata();
  metadata[kTrialIdOfWeights] = trial_id(source.config).text();
  const auto file = folder / "weights.safetensors";
  write_safetensors(file, weights.tensors(), metadata);
  return file;
}

std::string message_of(const FinishedTrialSource& source,
                       const Dataset& dataset = small_dataset()) {
  try {
    FinishedTrial trial(source, dataset, test_communicator());
    trial.expect_recorded_results();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

/// Every value of `found` has the bits of the one of that name in `recorded`.
void expect_recorded(const SplitMetrics& recorded, const SplitMetrics& found) {
  for (const auto& [split, metrics] : found) {
    EXPECT_THAT(metrics, Not(IsEmpty())) << split;
    for (const Metric& metric : metrics) {
      const auto& all = recorded.at(split);
      const auto same = std::ranges::find(all, metric.name, &Metric::name);
      ASSERT_NE(same, all.end()) << split << "/" << metric.name;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(metric.value),
                std::bit_cast<std::uint64_t>(same->value))
          << split << "/" << metric.name;
      EXPECT_EQ(metric.missing_reason, same->missing_reason) << split << "/" << metric.name;
    }
  }
}

class FinishedTrialInPrecision : public testing::TestWithParam<std::string> {};

TEST_P(FinishedTrialInPrecision, finds_on_the_test_images_the_bits_that_training_recorded) {
  const Trained& run = trained(GetParam());
  FinishedTrial trial(run.source(), small_dataset(), test_communicator());
  SplitMetrics found;
  found["test"] = trial.evaluator().accuracy(trial.split("test"));
  expect_recorded(run.result.results, found);
  trial.expect_recorded_results();
}

TEST_P(FinishedTrialInPrecision, geometry_has_the_bits_that_training_recorded) {
  const Trained& run = trained(GetParam());
  FinishedTrial trial(run.source(), small_dataset(), test_communicator());
  const SplitMetrics found = evaluate_suite("geometry", trial);
  EXPECT_EQ(found.size(), 2U) << "train and test";
  expect_recorded(run.result.results, found);
}

TEST_P(FinishedTrialInPrecision, calibration_has_the_bits_that_training_would_have_recorded) {
  const Trained& run = trained(GetParam());
  const TemporaryDirectory folder;
  TrialConfig calibrated = run.config;
  calibrated.evaluation.calibration = true;
  const TrialResult expected = train(test_communicator(), calibrated, {.folder = folder.path()});
  ASSERT_EQ(expected.hashes.weights, run.result.hashes.weights) << "measuring changes no training";
  FinishedTrial trial(run.source(), small_dataset(), test_communicator());
  const SplitMetrics found = evaluate_suite("calibration", trial);
  expect_recorded(expected.results, found);
}

INSTANTIATE_TEST_SUITE_P(Precisions, FinishedTrialInPrecision, testing::Values("fp32", "bf16"));

TEST(FinishedTrial, missing_weights_are_named_with_a_remedy) {
  FinishedTrialSource source = trained("fp32").source();
  source.weights = "/nowhere/weights.safetensors";
  EXPECT_THAT(message_of(source),
              AllOf(HasSubstr("'/nowhere/weights.safetensors' does not exist"),
                    HasSubstr("put the file back")));
}

TEST(FinishedTrial, a_damaged_byte_is_found) {
  const Trained& run = trained("fp32");
  const TemporaryDirectory folder;
  FinishedTrialSource source = run.source();
  source.weights = folder.path() / "weights.safetensors";
  std::filesystem::copy_file(run.weights(), source.weights);
  {
    std::fstream file(source.weights, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(-6, std::ios::end);
    const auto byte = static_cast<char>(file.get() ^ 4);
    file.seekp(-6, std::ios::end);
    file.put(byte);
  }
  EXPECT_THAT(message_of(source),
              AllOf(HasSubstr("weights.safetensors: holds weights "),
                    HasSubstr(" says '" + run.result.hashes.weights)));
}

TEST(FinishedTrial, a_file_that_ends_early_is_found) {
  const Trained& run = trained("fp32");
  const TemporaryDirectory folder;
  FinishedTrialSource source = run.source();
  source.weights = folder.path() / "weights.safetensors";
  std::filesystem::copy_file(run.weights(), source.weights);
  std::filesystem::resize_file(source.weights, std::filesystem::file_size(source.weights) - 8);
  EXPECT_THAT(message_of(source), HasSubstr("weights.safetensors"));
}

TEST(FinishedTrial, weights_of_another_trial_are_refused) {
  FinishedTrialSource source = trained("fp32").source();
  const TrialId own = trial_id(source.config);
  source.config.optimizer.weight_decay += 0.25;
  EXPECT_THAT(message_of(source), HasSubstr("holds weights of trial '" + own.text() + "'"));
}

TEST(FinishedTrial, weights_of_another_shape_are_refused) {
  const TemporaryDirectory folder;
  FinishedTrialSource source = trained("fp32").source();
  source.config.encoder.options.values()["width"] = 8;
  source.trained.class_vectors_sha256 = "";
  source.weights = said_to_be_of(source, folder.path());
  EXPECT_THAT(message_of(source), HasSubstr("has another shape or type than this trial's model"));
}

TEST(FinishedTrial, weights_that_are_not_finite_are_called_so) {
  const TemporaryDirectory folder;
  FinishedTrialSource source = trained("fp32").source();
  const SafetensorsFile weights(source.weights);
  std::vector<NamedTensor> tensors = weights.tensors();
  const auto lost = std::ranges::find(tensors, "F32", &NamedTensor::dtype);
  const std::vector<float> values(lost->bytes.size() / sizeof(float),
                                  std::numeric_limits<float>::quiet_NaN());
  lost->bytes = std::as_bytes(std::span(values));
  auto metadata = weights.metadata();
  source.trained.weights_sha256 = metadata[kHashOfWeights] = hash_tensors(tensors);
  source.weights = folder.path() / "weights.safetensors";
  write_safetensors(source.weights, tensors, metadata);
  EXPECT_THAT(message_of(source),
              AllOf(HasSubstr("final weights are not finite"), HasSubstr("'" + lost->name + "'")));
}

TEST(FinishedTrial, class_vectors_that_are_drawn_otherwise_now_are_refused) {
  FinishedTrialSource source = trained("fp32").source();
  source.trained.class_vectors_sha256 = "0123";
  EXPECT_THAT(message_of(source), HasSubstr("the version of headway that trained it"));
}

TEST(FinishedTrial, other_data_than_recorded_are_refused) {
  FinishedTrialSource source = trained("fp32").source();
  source.trained.data = small_dataset().identity();
  EXPECT_EQ(message_of(source), "");
  source.trained.data = {std::string(64, 'a'), "/where"};
  EXPECT_THAT(message_of(source),
              AllOf(HasSubstr(small_dataset().identity().sha256),
                    HasSubstr("trained on SHA-256 " + std::string(64, 'a') + " in '/where'")));
}

TEST(FinishedTrial, other_test_images_are_noticed) {
  const SyntheticDataset others(7, 15, 9);
  EXPECT_THAT(message_of(trained("fp32").source(), others),
              AllOf(HasSubstr("these are not the images that it was tested on"),
                    HasSubstr("dataset.root")));
}

TEST(FinishedTrial, splits_go_by_name) {
  const Trained& run = trained("fp32");
  FinishedTrial trial(run.source(), small_dataset(), test_communicator());
  EXPECT_EQ(trial.split("train").samples.size(), 84U);
  EXPECT_EQ(trial.split("validation").samples.size(), 21U);
  EXPECT_EQ(trial.split("test").samples.size(), 42U);
  try {
    trial.split("tset");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown split 'tset'; did you mean 'test'?");
  }
}

TEST(FinishedTrial, a_split_without_images_is_refused) {
  const TemporaryDirectory folder;
  FinishedTrialSource source = trained("fp32").source();
  source.config.dataset.validation_fraction = 0;
  source.weights = said_to_be_of(source, folder.path());
  FinishedTrial trial(source, small_dataset(), test_communicator());
  EXPECT_THROW(trial.split("validation"), ConfigError);
}

TEST(FinishedTrial, an_unknown_suite_gets_the_nearest_name) {
  FinishedTrial trial(trained("fp32").source(), small_dataset(), test_communicator());
  try {
    evaluate_suite("callibration", trial);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown suite 'callibration'; did you mean 'calibration'?");
  }
}

// The contract of a suite, whichever there are.
TEST(Suites, each_finds_metrics_that_are_listed_and_the_same_ones_again) {
  const Trained& run = trained("fp32");
  for (const ComponentSpec& suite : catalog(Family::kSuite)) {
    FinishedTrial first(run.source(), small_dataset(), test_communicator());
    const SplitMetrics found = evaluate_suite(suite.name, first);
    EXPECT_THAT(found, Not(IsEmpty())) << suite.name;
    for (const auto& [split, metrics] : found) {
      for (const Metric& metric : metrics) {
        const auto& listed = metric_catalog();
        EXPECT_NE(std::ranges::find(listed, metric.name, &MetricSpec::name), listed.end())
            << suite.name << ": " << metric.name << " is not in `headway list metrics`";
      }
    }
    FinishedTrial second(run.source(), small_dataset(), test_communicator());
    expect_recorded(found, evaluate_suite(suite.name, second));
  }
}

TEST(DeviceToRunOn, is_the_one_of_training_where_that_is_at_hand) {
  const TrainedAs on_gpu{.device = "cuda"};
  EXPECT_EQ(device_to_run_on("auto", TrainedAs{}), "cpu");
  EXPECT_EQ(device_to_run_on("cpu", on_gpu), "cpu");
  EXPECT_EQ(device_to_run_on("auto", on_gpu), gpu_count() > 0 ? "cuda" : "cpu");
  if (gpu_count() > 0) return;
  EXPECT_THROW(device_to_run_on("cuda", TrainedAs{}), ConfigError);
}

}  // namespace
}  // namespace headway
