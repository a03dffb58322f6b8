// The promise of equal bits: any number of ranks, interrupted anywhere, resumed on any other
// number.
#include "training/trainer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "config/catalog.h"
#include "support/collecting_sink.h"
#include "support/synthetic_dataset.h"
#include "support/temporary_directory.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

constexpr std::int64_t kStepsPerEpoch = 5;
constexpr std::int64_t kEpochs = 2;

TrialConfig small_trial(const std::string& precision) {
  TrialConfig config;
  config.dataset.validation_fraction = 0.2;
  config.encoder = {"small_cnn", default_options(Family::kEncoder, "small_cnn")};
  config.encoder.options.values()["width"] = 4;
  config.head = {"cosine", default_options(Family::kHead, "cosine")};
  config.head.options.values()["learned_scale"] = true;
  config.class_vectors.options = default_options(Family::kClassVectors, "gaussian");
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.optimizer.weight_decay = 5e-4;
  config.schedule = {"cosine", 0.5, default_options(Family::kSchedule, "cosine")};
  config.augmentation = {{"crop", default_options(Family::kAugmentation, "crop")},
                         {"flip", default_options(Family::kAugmentation, "flip")}};
  config.training.epochs = kEpochs;
  config.training.batch_size = 16;
  config.training.shards = 4;
  config.training.precision = precision;
  config.training.label_smoothing = 0.1;
  config.evaluation.batch_size = 7;
  config.seed = 3;
  return config;
}

const SyntheticDataset& dataset() {
  static const SyntheticDataset data(7, 15, 6);  // 84 training images: 5 steps of 16, 4 dropped
  return data;
}

// Rank 0's folder on all ranks.
std::filesystem::path shared_folder(const TemporaryDirectory& own) {
  return test_communicator().broadcast(own.path().string());
}

TrialResult train(Communicator& comm,
                  const TrialConfig& config,
                  const std::filesystem::path& folder,
                  std::int64_t stop_after_steps = -1) {
  CollectingSink sink;
  TrainerOptions options;
  options.checkpoint_folder = folder / "checkpoints";
  options.artifact_folder = folder / "artifacts";
  std::int64_t asked = 0;
  options.stop_requested = [&] { return ++asked == stop_after_steps; };
  return train_trial(config, dataset(), comm, sink, options);
}

// What one process alone computes; every rank does it for itself.
TrialHashes undisturbed(const TrialConfig& config) {
  const TemporaryDirectory folder;
  const auto alone = make_single_process_communicator();
  return train(*alone, config, folder.path()).hashes;
}

void expect_equal(const TrialHashes& left, const TrialHashes& right) {
  if (test_communicator().rank() != 0) return;
  EXPECT_EQ(left.weights, right.weights);
  EXPECT_EQ(left.state, right.state);
  EXPECT_EQ(left.metrics, right.metrics);
}

class TrainerOnRanks : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(TrainerOnRanks, gives_the_bits_of_one_rank) {
  const TrialConfig config = small_trial(GetParam());
  const TemporaryDirectory own;
  const TrialResult result = train(test_communicator(), config, shared_folder(own));
  EXPECT_EQ(result.end, TrialEnd::kDone);
  expect_equal(result.hashes, undisturbed(config));
}

TEST_P(TrainerOnRanks, resumes_anywhere_on_another_number_of_ranks_with_the_same_bits) {
  const TrialConfig config = small_trial(GetParam());
  const TrialHashes expected = undisturbed(config);
  const auto alone = make_single_process_communicator();
  for (std::int64_t stop = 1; stop <= kEpochs * kStepsPerEpoch; stop += 2) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    const TrialResult first = train(test_communicator(), config, folder, stop);
    ASSERT_EQ(first.end, TrialEnd::kStopped) << "stop after step " << stop;
    if (test_communicator().rank() == 0) {
      const TrialResult second = train(*alone, config, folder);
      EXPECT_EQ(second.resumed_from_step, stop);
      expect_equal(second.hashes, expected);
    }
    test_communicator().barrier();
  }
}

TEST_P(TrainerOnRanks, continues_what_one_rank_began_with_the_same_bits) {
  const TrialConfig config = small_trial(GetParam());
  const TrialHashes expected = undisturbed(config);
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  if (test_communicator().rank() == 0) {
    const auto alone = make_single_process_communicator();
    ASSERT_EQ(train(*alone, config, folder, 7).end, TrialEnd::kStopped);
  }
  test_communicator().barrier();
  expect_equal(train(test_communicator(), config, folder).hashes, expected);
}

INSTANTIATE_TEST_SUITE_P(Precisions,
                         TrainerOnRanks,
                         testing::Values("fp32", "bf16"),
                         [](const auto& param) { return std::string(param.param); });

TEST(Trainer, learns_the_synthetic_classes) {
  TrialConfig config = small_trial("fp32");
  config.training.epochs = 8;
  config.augmentation.clear();  // a crop moves the stripe to another class's row
  config.encoder.options.values()["pooling"] = "flatten";  // and a global mean forgets the row
  const TemporaryDirectory own;
  const TrialResult result = train(test_communicator(), config, shared_folder(own));
  for (const Metric& metric : result.results.at("test")) {
    if (metric.name != "top1_accuracy") continue;
    EXPECT_GT(metric.value, 0.9);  // chance is 1/7
  }
}

TEST(Trainer, ends_as_diverged_when_the_loss_is_no_longer_finite) {
  TrialConfig config = small_trial("fp32");
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.optimizer.learning_rate = 1e30;
  config.schedule = {"constant", 0, default_options(Family::kSchedule, "constant")};
  const TemporaryDirectory own;
  EXPECT_EQ(train(test_communicator(), config, shared_folder(own)).end, TrialEnd::kDiverged);
}

TEST(Trainer, a_batch_larger_than_the_training_set_is_a_config_error_on_all_ranks) {
  TrialConfig config = small_trial("fp32");
  config.training.batch_size = 128;
  const TemporaryDirectory own;
  EXPECT_THROW(train(test_communicator(), config, shared_folder(own)), ConfigError);
}

}  // namespace
}  // namespace headway
