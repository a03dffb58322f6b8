// The disk fills up somewhere during a trial: the attempt ends with that very error, and the next
// one, when there is room again, ends with the bits of an undisturbed trial.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "config/catalog.h"
#include "support/collecting_sink.h"
#include "support/file_faults.h"
#include "support/synthetic_dataset.h"
#include "support/temporary_directory.h"
#include "training/trainer.h"

namespace headway {
namespace {

using testing::IsEmpty;

TrialConfig trial() {
  TrialConfig config;
  config.dataset.validation_fraction = 0.2;
  config.encoder = {"small_cnn", default_options(Family::kEncoder, "small_cnn")};
  config.encoder.options.values()["width"] = 2;
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.options = default_options(Family::kClassVectors, "gaussian");
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.schedule = {"constant", 0, default_options(Family::kSchedule, "constant")};
  config.training.epochs = 2;
  config.training.batch_size = 8;
  config.training.precision = "fp32";
  return config;
}

TrialResult train(const std::filesystem::path& folder, CollectingSink& sink) {
  static const SyntheticDataset data(4, 10, 5);  // 32 training images: 4 steps of 8
  const auto alone = make_single_process_communicator();
  TrainerOptions options;
  options.checkpoint_folder = folder / "checkpoints";
  options.artifact_folder = folder / "artifacts";
  options.checkpoints = {.seconds = 1e9, .steps = 3, .epochs = {}, .keep_best = true};
  return train_trial(trial(), data, *alone, sink, options);
}

TEST(FullDisk, costs_a_trial_nothing_but_time) {
  at::set_num_threads(1);
  CollectingSink sink;
  const TemporaryDirectory undisturbed;
  const TrialHashes expected = train(undisturbed.path(), sink).hashes;
  int operation = 1;
  for (bool reached = true; reached; operation += 3) {
    const TemporaryDirectory folder;
    file_faults::arm(operation, FileFault::kDiskFull);
    bool succeeded = false;
    try {
      train(folder.path(), sink);
      succeeded = true;
    } catch (const DiskFullError&) {
      succeeded = false;
    }
    reached = file_faults::lift();
    EXPECT_TRUE(succeeded || reached);
    CollectingSink again;
    const TrialHashes hashes = train(folder.path(), again).hashes;
    EXPECT_THAT(again.remarks, IsEmpty()) << "at file operation " << operation;
    EXPECT_EQ(hashes.weights, expected.weights);
    EXPECT_EQ(hashes.state, expected.state);
    EXPECT_EQ(hashes.metrics, expected.metrics);
  }
  EXPECT_GE(operation, 40);  // two checkpoints, best weights once at least, the artifacts
}

}  // namespace
}  // namespace headway
