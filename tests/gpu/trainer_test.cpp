// Training on a GPU: the same bits whenever it is repeated or resumed, and close to what CPUs give.
#include "training/trainer.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "support/small_trial.h"
#include "training/final_results.h"

namespace headway {
namespace {

struct Case {
  std::string name;
  TrialConfig config;
};

TrialConfig with_encoder(TrialConfig config, const std::string& encoder) {
  config.encoder = {encoder, default_options(Family::kEncoder, encoder)};
  config.encoder.options.values()["width"] = 4;
  return config;
}

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const std::string precision : {"fp32", "bf16"}) {
    for (const ComponentSpec& encoder : catalog(Family::kEncoder)) {
      result.push_back(
          {encoder.name + "_" + precision, with_encoder(small_trial(precision), encoder.name)});
    }
    result.push_back({"adamw_" + precision, small_trial(precision, "adamw")});
    TrialConfig bf16_gradients = small_trial(precision);
    bf16_gradients.training.gradient_precision = "bf16";
    result.push_back({"bf16_gradients_" + precision, bf16_gradients});
  }
  return result;
}

TrialResult train_on(const std::string& device,
                     const TrialConfig& config,
                     TrainingRun run,
                     TrialSink& sink) {
  run.device = device;
  const auto alone = make_single_process_communicator();
  return train(*alone, config, run, sink);
}

TrialResult train_on_gpu(const TrialConfig& config, const TrainingRun& run) {
  CollectingSink sink;
  return train_on("cuda", config, run, sink);
}

void expect_same_bits(const TrialResult& result, const TrialResult& expected) {
  ASSERT_EQ(result.end, TrialEnd::kDone) << result.message;
  EXPECT_EQ(result.hashes.weights.size(), 64U);
  EXPECT_EQ(result.hashes.weights, expected.hashes.weights);
  EXPECT_EQ(result.hashes.state, expected.hashes.state);
  EXPECT_EQ(result.hashes.metrics, expected.hashes.metrics);
}

class GpuTrainer : public testing::TestWithParam<Case> {};

TEST_P(GpuTrainer, repeats_its_bits_and_keeps_them_when_interrupted_at_any_step) {
  const TrialConfig& config = GetParam().config;
  const TemporaryDirectory undisturbed;
  const TrialResult expected = train_on_gpu(config, {undisturbed.path()});
  const TemporaryDirectory again;
  expect_same_bits(train_on_gpu(config, {again.path()}), expected);
  for (std::int64_t stop = 1; stop <= kEpochs * kStepsPerEpoch; ++stop) {
    const TemporaryDirectory folder;
    ASSERT_EQ(train_on_gpu(config, {folder.path(), stop}).end, TrialEnd::kStopped);
    const TrialResult resumed = train_on_gpu(config, {folder.path()});
    EXPECT_EQ(resumed.resumed_from_step, stop);
    expect_same_bits(resumed, expected);
  }
}

TEST_P(GpuTrainer, goes_on_from_a_cpus_checkpoint_and_the_other_way_round) {
  const TrialConfig& config = GetParam().config;
  for (const std::string first : {"cpu", "cuda"}) {
    const TemporaryDirectory folder;
    CollectingSink sink;
    ASSERT_EQ(train_on(first, config, {folder.path(), 3}, sink).end, TrialEnd::kStopped);
    const TrialResult second =
        train_on(first == "cpu" ? "cuda" : "cpu", config, {folder.path()}, sink);
    EXPECT_EQ(second.end, TrialEnd::kDone) << second.message;
    EXPECT_EQ(second.resumed_from_step, 3);
  }
}

INSTANTIATE_TEST_SUITE_P(EncodersAndPrecisions,
                         GpuTrainer,
                         testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

/// Every metric of both runs, in one order.
void expect_close(const SplitMetrics& found, const SplitMetrics& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [split, metrics] : expected) {
    const Metrics& others = found.at(split);
    ASSERT_EQ(others.size(), metrics.size()) << split;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const std::string where = split + "/" + metrics[i].name;
      ASSERT_EQ(others[i].name, metrics[i].name) << split;
      if (metrics[i].name == "images_per_second") continue;
      EXPECT_EQ(others[i].missing_reason, metrics[i].missing_reason) << where;
      if (!metrics[i].missing_reason.empty()) continue;
      const double wanted = metrics[i].value;
      EXPECT_NEAR(others[i].value, wanted, tolerance * std::max(1.0, std::abs(wanted))) << where;
    }
  }
}

class PlainFloat {  // convolutions in float32 to the last bit, for comparisons with CPUs
 public:
  PlainFloat() { at::globalContext().setAllowTF32CuDNN(false); }
  ~PlainFloat() { at::globalContext().setAllowTF32CuDNN(true); }
};

TEST(GpuMetrics, of_an_untrained_model_are_those_of_a_cpu) {
  const PlainFloat plain;
  for (const ComponentSpec& encoder : catalog(Family::kEncoder)) {
    TrialConfig config = with_encoder(small_trial("fp32"), encoder.name);
    config.training.epochs = 0;
    const TemporaryDirectory on_cpu;
    const TemporaryDirectory on_gpu;
    CollectingSink sink;
    const TrialResult expected = train_on("cpu", config, {on_cpu.path()}, sink);
    const TrialResult found = train_on("cuda", config, {on_gpu.path()}, sink);
    EXPECT_EQ(found.hashes.weights, expected.hashes.weights);
    expect_close(found.results, expected.results, 2e-3);
  }
}

TEST(GpuTraining, follows_the_loss_of_a_cpu) {
  const PlainFloat plain;
  for (const ComponentSpec& encoder : catalog(Family::kEncoder)) {
    TrialConfig config = with_encoder(small_trial("fp32"), encoder.name);
    config.optimizer.learning_rate = 0.01;  // rounding grows slowly
    std::vector<std::vector<double>> losses;
    for (const std::string device : {"cpu", "cuda"}) {
      const TemporaryDirectory folder;
      CollectingSink sink;
      ASSERT_EQ(train_on(device, config, {folder.path()}, sink).end, TrialEnd::kDone);
      std::vector<double>& own = losses.emplace_back();
      for (const EpochRecord& epoch : sink.epochs) {
        own.push_back(value_of(epoch.values.at("train"), "loss"));
      }
    }
    ASSERT_EQ(losses[0].size(), static_cast<std::size_t>(kEpochs));
    for (std::size_t i = 0; i < losses[0].size(); ++i) {
      EXPECT_NEAR(losses[1][i], losses[0][i], 1e-3 * losses[0][i]) << encoder.name << i;
    }
  }
}

}  // namespace
}  // namespace headway
