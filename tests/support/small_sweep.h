#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/sweep_layout.h"
#include "config/schema/catalog.h"
#include "config/sweep/sweep.h"

namespace headway {

/// Trial configurations that differ in nothing but the seed.
inline TrialConfig small_trial_config(std::int64_t seed, std::int64_t shards = 1) {
  TrialConfig config;
  config.dataset.options = default_options(Family::kDataset, config.dataset.name);
  config.encoder.options = default_options(Family::kEncoder, config.encoder.name);
  config.head.options = default_options(Family::kHead, config.head.name);
  config.class_vectors.options =
      default_options(Family::kClassVectors, config.class_vectors.distribution);
  config.optimizer.options = default_options(Family::kOptimizer, config.optimizer.name);
  config.schedule.options = default_options(Family::kSchedule, config.schedule.name);
  config.training.shards = shards;
  config.seed = seed;
  return config;
}

inline Trial small_trial(std::int64_t seed, std::int64_t shards = 1) {
  const TrialConfig config = small_trial_config(seed, shards);
  return {trial_id(config), cell_id(config), config};
}

inline Sweep small_sweep(std::int64_t trials, std::int64_t shards = 1) {
  Sweep sweep;
  sweep.name = SweepName("small");
  sweep.text = "name: small\n";
  for (std::int64_t seed = 0; seed < trials; ++seed) {
    sweep.trials.push_back(small_trial(seed, shards));
  }
  return sweep;
}

}  // namespace headway
