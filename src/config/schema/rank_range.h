#pragma once

#include <string>

#include "config/schema/trial_config.h"

namespace headway {

/// How many ranks may train a trial: fewest, 2 fewest, ..., most; both are powers of two.
struct RankRange {
  int fewest = 1;
  int most = 1;

  bool contains(int ranks) const;
  /// As many of them as `ranks` allow, and never less than the fewest.
  int at_most(int ranks) const;

  bool operator==(const RankRange&) const = default;
};

/// A rank takes one or several of the batch's shards; with batch norm over the whole batch, where
/// shards wait for one another at every layer, each rank takes one.
RankRange rank_range(const TrainingConfig& training);

/// ConfigError unless `ranks` are among them.
void expect_trainable_on(int ranks, const TrainingConfig& training);

/// "4 ranks", "1 to 4 ranks".
std::string to_text(const RankRange& ranks);

}  // namespace headway
