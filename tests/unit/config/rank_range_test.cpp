#include "config/schema/rank_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace headway {
namespace {

using testing::HasSubstr;

TrainingConfig training(std::int64_t shards, bool sync_batch_norm = false) {
  TrainingConfig config;
  config.shards = shards;
  config.sync_batch_norm = sync_batch_norm;
  return config;
}

TEST(RankRange, ranks_divide_the_shards) {
  const RankRange range = rank_range(training(4));
  EXPECT_EQ(range, (RankRange{1, 4}));
  for (const int ranks : {1, 2, 4}) EXPECT_TRUE(range.contains(ranks)) << ranks;
  for (const int ranks : {-1, 0, 3, 5, 8}) EXPECT_FALSE(range.contains(ranks)) << ranks;
}

TEST(RankRange, batch_norm_over_the_whole_batch_takes_one_rank_per_shard) {
  EXPECT_EQ(rank_range(training(4, true)), (RankRange{4, 4}));
  EXPECT_EQ(rank_range(training(1, true)), (RankRange{1, 1}));
}

TEST(RankRange, at_most_is_bounded_by_shards_slots_and_need) {
  EXPECT_EQ((RankRange{1, 8}).at_most(2), 2);
  EXPECT_EQ((RankRange{1, 2}).at_most(8), 2);
  EXPECT_EQ((RankRange{1, 8}).at_most(7), 4);
  EXPECT_EQ((RankRange{1, 1}).at_most(16), 1);
  EXPECT_EQ((RankRange{1, 4}).at_most(0), 1);
  EXPECT_EQ((RankRange{4, 4}).at_most(1), 4);
}

TEST(RankRange, shards_beyond_any_machine_are_bounded) {
  EXPECT_EQ(rank_range(training(std::int64_t{1} << 40)).most, 1024);
}

TEST(RankRange, other_ranks_are_refused_with_both_numbers) {
  EXPECT_NO_THROW(expect_trainable_on(2, training(4)));
  try {
    expect_trainable_on(2, training(4, true));
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("training.shards=4 with training.sync_batch_norm"));
    EXPECT_THAT(error.what(), HasSubstr("is trained on 4 ranks, found 2"));
  }
  try {
    expect_trainable_on(3, training(4));
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 to 4 ranks, a power of two, found 3"));
  }
}

}  // namespace
}  // namespace headway
