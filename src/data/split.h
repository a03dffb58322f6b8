#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/schema/trial_config.h"

namespace headway {

/// Sample indices into the training set, each list sorted.
struct Split {
  std::vector<std::int32_t> train;
  std::vector<std::int32_t> validation;
};

/// Cuts to `samples_per_class`, then takes round(f * n_c) samples of each class c for validation
/// (at least 1, never all; none when f = 0). Which ones depends on (split_seed, class) alone.
Split make_split(std::span<const std::int32_t> labels,
                 std::int64_t classes,
                 const DatasetConfig& config);

/// `train` in the order of this epoch: a permutation that depends on (seed, epoch) alone.
std::vector<std::int32_t> epoch_order(std::span<const std::int32_t> train,
                                      std::int64_t seed,
                                      std::int64_t epoch);

}  // namespace headway
