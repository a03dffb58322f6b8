#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/schema/catalog.h"
#include "support/collecting_sink.h"
#include "support/smallest_side.h"
#include "support/synthetic_dataset.h"
#include "support/temporary_directory.h"
#include "support/test_communicator.h"
#include "training/trainer.h"

namespace headway {

// A trial of two epochs of five steps, on all that happens in training at once.
inline constexpr std::int64_t kStepsPerEpoch = 5;
inline constexpr std::int64_t kEpochs = 2;

inline const SyntheticDataset& small_dataset(std::int64_t side = SyntheticDataset::kSide) {
  static std::map<std::int64_t, SyntheticDataset> sets;
  // 84 training images: 5 steps of 16, 4 dropped
  return sets.try_emplace(side, 7, 15, 6, side).first->second;
}

inline TrialConfig small_trial(const std::string& precision, const std::string& optimizer = "sgd") {
  TrialConfig config;
  config.dataset.validation_fraction = 0.2;
  config.encoder = {"small_cnn", default_options(Family::kEncoder, "small_cnn")};
  config.encoder.options.values()["width"] = 4;
  config.head = {"cosine", default_options(Family::kHead, "cosine")};
  config.head.options.values()["learned_scale"] = true;
  config.class_vectors.options = default_options(Family::kClassVectors, "gaussian");
  config.optimizer = {optimizer,
                      optimizer == "sgd" ? 0.1 : 0.01,
                      5e-4,
                      {},
                      default_options(Family::kOptimizer, optimizer)};
  config.schedule = {"cosine", 0.5, default_options(Family::kSchedule, "cosine")};
  for (const ComponentSpec& step : catalog(Family::kAugmentation)) {
    config.augmentation.push_back({step.name, default_options(Family::kAugmentation, step.name)});
  }
  config.training.epochs = kEpochs;
  config.training.batch_size = 16;
  config.training.shards = 4;
  config.training.precision = precision;
  config.loss = {"cross_entropy", default_options(Family::kLoss, "cross_entropy")};
  config.loss.options.values()["label_smoothing"] = 0.1;
  config.training.dropout = 0.25;
  config.evaluation.batch_size = 7;
  config.seed = 3;
  return config;
}

/// Rank 0's folder on all ranks. Collective.
inline std::filesystem::path shared_folder(const TemporaryDirectory& own) {
  return test_communicator().broadcast(own.path().string());
}

struct TrainingRun {
  std::filesystem::path folder;
  std::int64_t stop_after_steps = -1;  // -1: none
  double checkpoint_seconds = 60;
  std::string device = "cpu";
};

inline TrialResult train(Communicator& comm,
                         const TrialConfig& config,
                         const TrainingRun& run,
                         TrialSink& sink) {
  TrainerOptions options;
  options.checkpoint_folder = run.folder / "checkpoints";
  options.artifact_folder = run.folder / "artifacts";
  options.checkpoints.seconds = run.checkpoint_seconds;
  options.device = run.device;
  std::int64_t asked = 0;
  options.stop_requested = [&] { return ++asked == run.stop_after_steps; };
  const std::int64_t side = smallest_side(config.encoder, SyntheticDataset::kSide);
  return train_trial(config, small_dataset(side), comm, sink, options);
}

inline TrialResult train(Communicator& comm, const TrialConfig& config, const TrainingRun& run) {
  CollectingSink sink;
  return train(comm, config, run, sink);
}

}  // namespace headway
