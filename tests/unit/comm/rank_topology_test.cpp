#include "comm/all_reduce/rank_topology.h"

#include <gtest/gtest.h>

#include <vector>

namespace headway {
namespace {

int blocks(const std::vector<std::int64_t>& nodes) {
  return ranks_per_node(nodes);
}

TEST(RankTopology, equal_blocks_of_consecutive_ranks_share_their_node) {
  EXPECT_EQ(blocks({5}), 1);
  EXPECT_EQ(blocks({5, 5}), 2);
  EXPECT_EQ(blocks({5, 5, 5, 5}), 4);
  EXPECT_EQ(blocks({0, 0, 2, 2}), 2);
  EXPECT_EQ(blocks({7, 7, 3, 3, 9, 9, 1, 1}), 2);
  EXPECT_EQ(blocks({0, 1, 2, 3}), 1);
}

TEST(RankTopology, in_any_other_layout_every_rank_stands_for_itself) {
  EXPECT_EQ(blocks({0, 1, 0, 1}), 1);
  EXPECT_EQ(blocks({0, 0, 0, 1}), 1);
  EXPECT_EQ(blocks({0, 1, 1, 1}), 1);
  EXPECT_EQ(blocks({0, 0, 1, 2}), 1);
  EXPECT_EQ(blocks({0, 0, 1, 1, 0, 0, 2, 2}), 1);
  EXPECT_EQ(blocks({0, 1, 1, 0}), 1);
}

}  // namespace
}  // namespace headway
