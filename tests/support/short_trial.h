#pragma once

#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"
#include "support/synthetic_dataset.h"

namespace headway {

/// A trial without trimmings of four steps an epoch on short_dataset(), for tests of what is kept
/// of it.
inline TrialConfig short_trial(std::int64_t epochs, std::int64_t shards) {
  TrialConfig config;
  config.dataset.validation_fraction = 0.2;
  config.encoder = {"small_cnn", default_options(Family::kEncoder, "small_cnn")};
  config.encoder.options.values()["width"] = 2;
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.options = default_options(Family::kClassVectors, "gaussian");
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.schedule = {"constant", 0, default_options(Family::kSchedule, "constant")};
  config.training.epochs = epochs;
  config.training.batch_size = 8;
  config.training.shards = shards;
  config.training.precision = "fp32";
  return config;
}

inline const SyntheticDataset& short_dataset() {
  static const SyntheticDataset data(4, 10, 5);  // 32 training images: 4 steps of 8
  return data;
}

}  // namespace headway
