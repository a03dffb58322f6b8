#include "config/schema/rank_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/errors.h"
#include "base/limits.h"

namespace headway {

bool RankRange::contains(int ranks) const {
  return ranks >= fewest && ranks <= most && std::has_single_bit(static_cast<unsigned>(ranks));
}

int RankRange::at_most(int ranks) const {
  const auto fitting = std::bit_floor(static_cast<unsigned>(std::max(ranks, 1)));
  return std::clamp(static_cast<int>(fitting), fewest, most);
}

RankRange rank_range(const TrainingConfig& training) {
  const auto most = static_cast<int>(std::min<std::int64_t>(training.shards, kMostRanks));
  return {.fewest = training.sync_batch_norm ? most : 1, .most = most};
}

void expect_trainable_on(int ranks, const TrainingConfig& training) {
  const RankRange range = rank_range(training);
  if (range.contains(ranks)) return;
  throw ConfigError(fmt::format("a trial of training.shards={}{} is trained on {}{}, found {}",
                                training.shards,
                                training.sync_batch_norm ? " with training.sync_batch_norm" : "",
                                to_text(range),
                                range.fewest < range.most ? ", a power of two" : "",
                                ranks));
}

std::string to_text(const RankRange& ranks) {
  return fmt::format("{}{} rank{}",
                     ranks.fewest < ranks.most ? fmt::format("{} to ", ranks.fewest) : "",
                     ranks.most,
                     ranks.most == 1 ? "" : "s");
}

}  // namespace headway
